// What a session does with a stream that takes nothing in, without a socket.
import { expect, test } from "bun:test";
import type { Granted } from "../../src/hub/hub.ts";
import type { RelayVoice, Seat } from "../../src/hub/seat.ts";
import { LoqaSession } from "../../src/loqa/loqa-session.ts";
import { bytesOf, chunkBytes, type Response, responseOf } from "./loqa-relay.ts";
import { utterance } from "./spoken-words.ts";

function session() {
  const sent: Response[] = [];
  const stream = { waitingBytes: 0 };
  const seats = new Map<string, Seat>();
  let voice: RelayVoice | undefined;
  const heard: Partial<Granted>[] = [];
  const made = new LoqaSession({
    call: {
      peer: "127.0.0.1:5",
      get waitingBytes() {
        return stream.waitingBytes;
      },
      send: (bytes) => void sent.push(responseOf(bytes)),
      end: () => {},
    },
    hub: {
      seats,
      nextConnection: () => 1,
      join: (seat) => {
        voice = seat.voice;
        seats.set(seat.id, seat);
        return undefined;
      },
      leave: (sender) => void seats.delete(sender.relayId),
      claim: (_sender, { number }) => {
        heard.push({ claim: number });
        voice?.granted({
          type: "grant",
          relayId: "a",
          connection: 1,
          claims: [number],
          speaks: number,
          round: 1,
          fence: number,
        });
      },
      sound: () => {},
      finish: () => {},
    },
    monotonicMs: () => 1000,
    model: () => "hey_loqa",
    isId: () => true,
    answered: () => {},
    sooner: () => {},
    log: { info: () => {} },
  });
  const say = () =>
    made.receive(chunkBytes({ relayId: "a", audio: bytesOf(utterance(16_000)), wake: true, end: true }));
  const speech = { pcm: new Int16Array(16_000), sampleRateHz: 16_000 };
  const answer = () => voice?.reply(1, { kind: "answer", text: "Yes.", transcription: "t", command: "c", speech });
  return { made, sent, stream, heard, say, answer };
}

test("what waits for a relay that does not read loses its sound first, then is not said, and the stream stays", () => {
  const { made, sent, stream, heard, say, answer } = session();
  say();
  answer();
  expect(sent.at(-1)).toMatchObject({ responseText: "Yes.", audioFormat: "wav", audioDuration: 1 });
  stream.waitingBytes = 65 * 1024;
  answer();
  expect(sent.at(-1)).toMatchObject({ responseText: "Yes.", audioFormat: "", audioDuration: 0 });
  expect(sent.at(-1)?.audio).toHaveLength(0);
  stream.waitingBytes = 513 * 1024;
  answer();
  expect(sent).toHaveLength(2);
  say();
  expect(heard).toHaveLength(2);
  expect(made.isOver).toBe(false);
});
