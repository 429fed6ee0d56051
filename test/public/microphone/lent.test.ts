// A browser as a relay, without a browser: the hub's end is a socket of this test's own.
import { beforeEach, describe, expect, test } from "bun:test";
import type { Notice } from "../../../public/actions.ts";
import type { DatedBy } from "../../../public/microphone/heard-at.ts";
import { LentMicrophone } from "../../../public/microphone/lent.ts";
import { readAudioFrame } from "../../../src/relay/audio-frame.ts";
import type { HubSocketEvents } from "../../../src/relay/relay-client.ts";

const IDENTITY = { name: "phone", token: "", lent: true };
const WELCOME = {
  ...{ type: "welcome", version: 1, hub: "hall", id: "phone", connection: 7, room: "Kitchen", zone: "house" },
  capabilities: { detects: false, evidence: false, onset: false, asks: false, plays: true },
};
const STATE = {
  type: "state",
  activation: { state: "armed", model: "", confidence: 0, relay: null, forMs: 0 },
  rounds: [],
  relays: [{ id: "phone", room: "Kitchen", zone: "house", status: 0 }],
};

class Rig {
  nowMs = 1000;
  dialled = 0;
  token: string | undefined;
  readonly sent: (string | Uint8Array<ArrayBuffer>)[] = [];
  readonly played: string[] = [];
  why: Notice | null = null;
  asked = 0;
  hub: HubSocketEvents | undefined;
  readonly lent: LentMicrophone;

  constructor(identity = IDENTITY) {
    this.lent = new LentMicrophone({
      identity,
      version: "1.2.3",
      dial: (token) => {
        this.token = token;
        return (events) => {
          this.dialled++;
          this.hub = events;
          return { send: (data) => this.sent.push(data), close: () => {}, bufferedBytes: 0 };
        };
      },
      askWhy: async () => {
        this.asked++;
        return this.why;
      },
      player: {
        begin: (rateHz) => this.played.push(`begin ${rateHz}`),
        push: (pcm) => this.played.push(`push ${pcm.length}`),
        chime: () => this.played.push("chime"),
        stop: () => this.played.push("stop"),
        leftMs: 0,
      },
      nowMs: () => this.nowMs,
      random: () => 0,
    });
  }

  join(): this {
    this.lent.start();
    this.hub?.opened();
    this.says(WELCOME);
    return this;
  }

  says(message: object): void {
    this.hub?.message(JSON.stringify(message));
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 100;
      // A hub that says nothing for a few seconds is gone.
      if (this.lent.link.value.kind === "connected") this.says({ type: "ping", ping: this.nowMs });
      this.lent.tick();
    }
  }

  /** 80 ms of sound, in pieces, the last of it heard so long ago. */
  hear(lostSamples = 0, { lateMs = 0, datedBy = "stamps" }: { lateMs?: number; datedBy?: DatedBy } = {}): void {
    for (let i = 0; i < 4; i++) {
      const endMs = this.nowMs - lateMs - (3 - i) * 20;
      this.lent.hear({ pcm: new Int16Array(320).fill(1000), lostSamples: i === 0 ? lostSamples : 0, endMs, datedBy });
    }
  }

  get texts() {
    return this.sent.flatMap((data) => (typeof data === "string" ? [JSON.parse(data) as Record<string, unknown>] : []));
  }

  get frames() {
    return this.sent.flatMap((data) => (typeof data === "string" ? [] : [readAudioFrame(data)]));
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("a lent microphone", () => {
  test("says who it is, that it only streams, and that it has a loudspeaker", () => {
    rig.join();
    expect(rig.texts[0]).toMatchObject({
      ...{ type: "hello", versions: [1], id: "phone", software: "browser, earshot 1.2.3" },
      capabilities: { detects: false, evidence: false, onset: false, asks: false, plays: true },
    });
    expect(rig.lent.link.value).toEqual({ kind: "connected", hub: "hall", id: "phone", room: "Kitchen" });
  });

  test("with a token leaves its name to the token", () => {
    rig = new Rig({ ...IDENTITY, token: "secret" }).join();
    expect(rig.token).toBe("secret");
    expect(rig.texts[0]).not.toHaveProperty("id");
  });

  test("sends all that it hears from the welcome on, 80 ms a frame, and says what it lost", () => {
    rig.hear();
    rig.join();
    rig.hear();
    rig.hear(320);
    const [first, second, ...none] = rig.frames;
    expect(none).toEqual([]);
    expect(first).toMatchObject({ kind: "stream", connection: 7, sequence: 0 });
    expect(first?.pcm).toHaveLength(1280);
    expect(second?.sequence).toBe(1);
    expect(second?.firstSample).toBe((first?.firstSample ?? 0) + 1280 + 320);
  });

  test("dates what it sends by when it was heard, not by when it came", () => {
    rig.join();
    rig.hear(0, { lateMs: 150 });
    expect(rig.frames[0]?.atMs).toBe(rig.nowMs - 150 - 80);
  });

  test("tells how late its sound is: at once when that is known otherwise, else every two seconds", () => {
    rig.join();
    expect(rig.lent.lateness.value).toBeNull();
    rig.hear(0, { lateMs: 32 });
    expect(rig.lent.lateness.value).toEqual({ ms: 90, by: "stamps" });
    rig.hear(0, { lateMs: 200 });
    expect(rig.lent.lateness.value).toEqual({ ms: 90, by: "stamps" });
    rig.hear(0, { lateMs: 75, datedBy: "guess" });
    expect(rig.lent.lateness.value).toEqual({ ms: 135, by: "guess" });
    rig.pass(2000);
    rig.hear(0, { lateMs: 150, datedBy: "guess" });
    expect(rig.lent.lateness.value).toEqual({ ms: 210, by: "guess" });
    rig.lent.stop();
    expect(rig.lent.lateness.value).toBeNull();
  });

  test("shows its level while sound comes, and none a second after the last", () => {
    rig.join();
    expect(rig.lent.rms.value).toBeNull();
    rig.hear();
    expect(rig.lent.rms.value).toBeCloseTo(1000 / 32767, 4);
    rig.pass(1100);
    expect(rig.lent.rms.value).toBeNull();
  });
});

describe("a verdict", () => {
  test("for it sounds, and is over when the hub says so", () => {
    rig.join();
    rig.says({ type: "granted", claims: [], round: 1, fence: 40 });
    expect(rig.lent.turn.value).toEqual({ kind: "answering" });
    expect(rig.played).toEqual(["chime"]);
    rig.says({ type: "over", round: 1, fence: 40, why: "finished" });
    expect(rig.lent.turn.value).toEqual({ kind: "quiet" });
  });

  test.each([
    ["recording", 1],
    ["processing", 0],
    ["responding", 0],
  ])("whose microphone goes away while the hub is %s gives up what nobody can hear the end of", (state, givenUp) => {
    rig.join();
    rig.says({ type: "granted", claims: [], round: 1, fence: 40 });
    rig.says({ ...STATE, activation: { ...STATE.activation, state, relay: "phone" } });
    rig.lent.follow({ kind: "failed", why: "taken", message: "" });
    expect(rig.texts.filter(({ type }) => type === "finished")).toEqual(
      Array(givenUp).fill({ type: "finished", fence: 40 }),
    );
    expect(rig.lent.turn.value.kind).toBe(givenUp === 1 ? "quiet" : "answering");
  });

  test("for another is shown for a while, without a sound", () => {
    rig.join();
    const winner = { id: "hall", room: null };
    rig.says({ type: "cancelled", claims: [], round: 1, why: "lost", winner });
    expect(rig.lent.turn.value).toMatchObject({ kind: "lost", winner });
    rig.pass(6000);
    expect(rig.lent.turn.value).toEqual({ kind: "quiet" });
    expect(rig.played).toEqual([]);
  });

  test("for another does not end what this one answers", () => {
    rig.join();
    rig.says({ type: "granted", claims: [], round: 1, fence: 40 });
    rig.says({ type: "cancelled", claims: [], round: 2, why: "lost", winner: { id: "hall", room: null } });
    expect(rig.lent.turn.value.kind).toBe("answering");
  });
});

describe("a reply", () => {
  const frame = (reply: number, samples: number) => {
    const bytes = new Uint8Array(40 + samples * 2);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, 1);
    view.setUint8(1, 3);
    view.setUint32(4, 7, true);
    view.setUint32(8, reply, true);
    return bytes;
  };
  const finished = () => rig.texts.filter(({ type }) => type === "finished");

  beforeEach(() => {
    rig.join();
    rig.says({ type: "granted", claims: [], round: 1, fence: 40 });
    rig.played.length = 0;
  });

  test("with sound is played as it comes, and the hub is told once it was heard", () => {
    rig.says({ type: "reply", reply: 1, fence: 40, text: "It is noon.", sampleRateHz: 22050 });
    rig.hub?.message(frame(1, 500));
    expect(rig.played).toEqual(["begin 22050", "push 500"]);
    rig.says({ type: "reply_end", reply: 1 });
    expect(rig.lent.turn.value).toMatchObject({ kind: "reply", text: "It is noon." });
    expect(finished()).toEqual([]);
    rig.pass(100);
    expect(finished()).toEqual([{ type: "finished", fence: 40 }]);
  });

  test("without sound is shown", () => {
    rig.says({ type: "reply", reply: 1, fence: 40, text: "Done.", sampleRateHz: null });
    expect(rig.lent.turn.value).toMatchObject({ kind: "reply", text: "Done." });
    rig.pass(100);
    expect(finished()).toHaveLength(1);
    rig.pass(6000);
    expect(rig.lent.turn.value).toEqual({ kind: "quiet" });
  });
});

describe("a hub that is away", () => {
  test("is tried again, and what was under way is forgotten", () => {
    rig.join();
    rig.says(STATE);
    rig.says({ type: "granted", claims: [], round: 1, fence: 40 });
    rig.hub?.closed("closed with code 1006");
    expect(rig.lent.link.value).toMatchObject({ kind: "away" });
    expect(rig.lent.turn.value).toEqual({ kind: "quiet" });
    expect(rig.lent.house.value).toBeNull();
    rig.pass(1000);
    expect(rig.dialled).toBe(2);
    expect(rig.asked).toBe(0);
  });

  test("is tried at once when somebody says so", () => {
    rig.join();
    rig.hub?.closed("closed");
    rig.lent.retryNow();
    expect(rig.dialled).toBe(2);
    expect(rig.lent.link.value).toEqual({ kind: "connecting" });
  });

  test("that does not let it in is asked why, and not tried again until somebody says so", async () => {
    rig.why = { title: "the token is not known", hint: "make another" };
    rig.lent.start();
    rig.hub?.closed("closed with code 1002");
    await Promise.resolve();
    await Promise.resolve();
    expect(rig.lent.link.value).toEqual({ kind: "refused", ...(rig.why as Notice) });
    rig.pass(20_000);
    expect(rig.dialled).toBe(1);
    rig.lent.retryNow();
    expect(rig.dialled).toBe(2);
  });

  test("that sends it away with a reason is not asked for another", () => {
    rig.join();
    rig.says({ type: "bye", code: "replaced", message: "another has the same id", hint: "", retryAfterMs: 30_000 });
    rig.hear();
    const message = "another has the same id";
    expect(rig.lent.link.value).toMatchObject({ kind: "away", code: "replaced", message });
    expect(rig.asked).toBe(0);
  });
});

describe("a house that is off", () => {
  const off = { ...STATE, activation: { ...STATE.activation, state: "off" } };

  test("is said to be so after a few seconds, and not while it has just begun to listen", () => {
    rig.join();
    rig.says(off);
    rig.pass(3000);
    rig.says(off);
    expect(rig.lent.houseIsOff.value).toBe(false);
    rig.pass(1100);
    expect(rig.lent.houseIsOff.value).toBe(true);
    rig.says(STATE);
    expect(rig.lent.houseIsOff.value).toBe(false);
  });
});

test("stopped, it says nothing more to anybody", () => {
  rig.join();
  rig.lent.stop();
  const before = rig.sent.length;
  rig.hear();
  rig.pass(20_000);
  expect(rig.sent).toHaveLength(before);
  expect(rig.dialled).toBe(1);
  expect(rig.lent.link.value).toEqual({ kind: "off" });
});
