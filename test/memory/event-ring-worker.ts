// Appends to an event ring in bursts, some of which lap it, or reads from it flat out. Word 0: 1 once the reader has joined, 2 once the writer is done.
import { type EventRingPlace, EventRingReader, EventRingWriter } from "../../src/memory/event-ring.ts";
import { f64, i32, text } from "../../src/memory/field.ts";
import { record } from "../../src/memory/record.ts";
import { answerWith } from "./test-worker.ts";

export interface EventOrder {
  readonly job: "write" | "read";
  readonly place: EventRingPlace;
  /** Events to append in all. */
  readonly total: number;
}

export interface EventCounts {
  readonly events: number;
  readonly lost: number;
  /** Events out of order, or made of two. */
  readonly wrong: number;
}

/** Longer than the ring. */
const BURST = 200;
const EVENT = record("event", "the test", { id: i32("counts from 0"), square: f64("of the id"), name: text(16, "") });

answerWith<EventOrder, EventCounts>((order) => (order.job === "write" ? write(order) : read(order)));

function write({ place, total }: EventOrder): EventCounts {
  const ring = new EventRingWriter(EVENT, place);
  let id = Atomics.load(place.words, place.offset);
  for (let events = 0; events < total; events++) {
    ring.append((event) => {
      event.square = id ** 2;
      event.name = `event ${id % 1000}`;
    });
    id = (id + 1) | 0;
    if (events % BURST === 0) Atomics.wait(place.words, 1, 0, 1);
  }
  Atomics.store(place.words, 0, 2);
  return { events: total, lost: 0, wrong: 0 };
}

function read({ place }: EventOrder): EventCounts {
  const ring = new EventRingReader(EVENT, place, "newest");
  let newest = Atomics.load(place.words, place.offset) - 1;
  Atomics.store(place.words, 0, 1);
  let events = 0;
  let wrong = 0;
  for (;;) {
    const done = Atomics.load(place.words, 0) === 2;
    const event = ring.next();
    if (event === undefined) {
      if (done) return { events, lost: ring.lost, wrong };
      continue;
    }
    events++;
    const { id, square, name } = event;
    if (((id - newest) | 0) <= 0 || square !== id ** 2 || name !== `event ${id % 1000}`) wrong++;
    newest = id;
  }
}
