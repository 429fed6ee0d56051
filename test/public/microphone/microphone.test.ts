// What becomes of a microphone: with a browser's objects as far as the page looks at them.
import { beforeEach, describe, expect, test } from "bun:test";
import { Microphone, type MicrophoneState } from "../../../public/microphone/microphone.ts";
import type { SoundEvents } from "../../../public/microphone/sound-graph.ts";

class FakeTrack {
  readonly label = "Built-in";
  readyState = "live";
  muted = false;
  onended: (() => void) | null = null;
  onmute: (() => void) | null = null;
  onunmute: (() => void) | null = null;
  stop(): void {
    this.readyState = "ended";
  }
}

let states: MicrophoneState[];
let track: FakeTrack;
let refusal: Error | undefined;
let asked: number;
let events: SoundEvents | undefined;
let graph: { running: boolean; closed: boolean; resumes: boolean };
let microphone: Microphone;
const newest = () => states.at(-1);

function refused(name: string): Error {
  return Object.assign(new Error("because"), { name });
}

beforeEach(() => {
  states = [];
  refusal = undefined;
  asked = 0;
  graph = { running: true, closed: false, resumes: true };
  microphone = new Microphone({
    devices: {
      getUserMedia: async () => {
        asked++;
        if (refusal !== undefined) throw refusal;
        track = new FakeTrack();
        return { getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream;
      },
    },
    openGraph: async (_stream, given) => {
      events = given;
      return {
        get running() {
          return graph.running;
        },
        resume: async () => {
          graph.running = graph.resumes;
        },
        close: () => {
          graph.closed = true;
        },
      };
    },
    onSound: () => {},
    onState: (state) => states.push(state),
  });
});

describe("a microphone", () => {
  test("asks, and is open", async () => {
    await microphone.open();
    expect(states).toEqual([{ kind: "asking" }, { kind: "open", label: "Built-in" }]);
  });

  test("is asked for once, however often it is wanted", async () => {
    await Promise.all([microphone.open(), microphone.open()]);
    await microphone.open();
    expect(asked).toBe(1);
  });

  test("is let go when nobody wants it any more, even while the browser asks", async () => {
    const opening = microphone.open();
    microphone.close();
    await opening;
    expect(track.readyState).toBe("ended");
    expect(graph.closed).toBe(true);
    expect(newest()).toEqual({ kind: "closed" });
  });

  test.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "none"],
    ["NotReadableError", "busy"],
    ["TypeError", "other"],
  ])("that is refused with %s is %s, and tried again", async (name, why) => {
    refusal = refused(name);
    await microphone.open();
    expect(newest()).toEqual({ kind: "failed", why: why as never, message: "because" });
    refusal = undefined;
    await microphone.mend();
    expect(newest()).toMatchObject({ kind: "open" });
  });

  test("that is unplugged is gone, and comes back", async () => {
    await microphone.open();
    track.onended?.();
    expect(newest()).toMatchObject({ kind: "failed", why: "unplugged" });
    expect(graph.closed).toBe(true);
    await microphone.mend();
    expect(newest()).toMatchObject({ kind: "open" });
    expect(asked).toBe(2);
  });

  test("that the phone takes for a call comes back after it", async () => {
    await microphone.open();
    track.muted = true;
    track.onmute?.();
    expect(newest()).toMatchObject({ kind: "failed", why: "taken" });
    track.muted = false;
    track.onunmute?.();
    expect(newest()).toMatchObject({ kind: "open" });
  });

  test("whose sound the browser holds back goes on with a tap", async () => {
    await microphone.open();
    graph.running = false;
    events?.onChange();
    expect(newest()).toMatchObject({ kind: "failed", why: "held" });
    await microphone.mend();
    expect(newest()).toMatchObject({ kind: "open" });
  });

  test("that nobody wants is not opened by what comes back", async () => {
    await microphone.mend();
    expect(asked).toBe(0);
    await microphone.open();
    microphone.close();
    await microphone.mend();
    expect(asked).toBe(1);
  });
});
