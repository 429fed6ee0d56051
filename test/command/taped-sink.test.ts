import { expect, test } from "bun:test";
import { SinkError, type Understood } from "../../src/command/sink.ts";
import type { SpokenTape } from "../../src/command/spoken-tape.ts";
import { type Recogniser, TapedSink } from "../../src/command/taped-sink.ts";
import { COMMAND, failure, KeptLog, said, sound, TIMES } from "./around.ts";

function small(understand: (tape: SpokenTape, signal: AbortSignal) => Promise<Understood>, timeoutMs = 1000) {
  const tapes: SpokenTape[] = [];
  const recogniser: Recogniser = {
    name: "test",
    understand: (tape, _command, signal) => {
      tapes.push(tape);
      return understand(tape, signal);
    },
  };
  const words = { server: "the server", hint: "look there" };
  const sink = new TapedSink(recogniser, { times: TIMES, words, timeoutMs, trouble: "sink_down", log: new KeptLog() });
  return { sink, tapes };
}

const isSilent = (tape: SpokenTape | undefined) => tape?.samples.every((sample) => sample === 0) === true;

test("what was said is overwritten when it is understood", async () => {
  let heard: Int16Array | undefined;
  const { sink, tapes } = small(async (tape, signal) => {
    await tape.ended(signal);
    heard = tape.samples.slice();
    return { transcript: "x" };
  });
  await said(sink, sound(5000));
  expect(heard).toEqual(sound(5000));
  expect(tapes[0]?.length).toBe(5000);
  expect(isSilent(tapes[0])).toBe(true);
});

test("what was said is overwritten when nobody understands it, when it takes too long, and when nobody wants it any more", async () => {
  const failing = small(async (tape, signal) => {
    await tape.ended(signal);
    throw new SinkError("refused", "no", "");
  });
  await failure(said(failing.sink, sound(5000)));
  expect(isSilent(failing.tapes[0])).toBe(true);

  const slow = small(() => new Promise(() => {}), 50);
  expect((await failure(said(slow.sink, sound(5000)))).code).toBe("too_slow");
  expect(isSilent(slow.tapes[0])).toBe(true);

  const abort = new AbortController();
  const unwanted = small(() => new Promise(() => {}));
  const session = unwanted.sink.open(COMMAND, abort.signal);
  session.push(sound(5000));
  expect(isSilent(unwanted.tapes[0])).toBe(false);
  abort.abort();
  while (!isSilent(unwanted.tapes[0])) await Bun.sleep(1);
  expect((await failure(session.end(0))).code).toBe("aborted");
});

test("a failure while the person still speaks is told when the end comes, and sound that comes meanwhile is nobody's", async () => {
  const { sink } = small(async () => {
    throw new SinkError("refused", "no", "");
  });
  const session = sink.open(COMMAND, new AbortController().signal);
  await Bun.sleep(1);
  session.push(sound(1000));
  expect((await failure(session.end(0))).message).toBe("no");
});

test("twenty commands at once do not hear each other", async () => {
  const { sink } = small(async (tape, signal) => {
    await tape.ended(signal);
    return { transcript: `${tape.length} ${tape.samples[0]}` };
  });
  const sessions = Array.from({ length: 20 }, () => sink.open(COMMAND, new AbortController().signal));
  for (let round = 0; round < 10; round++) {
    for (const [i, session] of sessions.entries()) session.push(new Int16Array(10 + i).fill(i));
  }
  const understood = await Promise.all(sessions.map((session) => session.end(0)));
  expect(understood.map(({ transcript }) => transcript)).toEqual(sessions.map((_, i) => `${(10 + i) * 10} ${i}`));
});
