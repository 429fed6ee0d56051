import { describe, expect, test } from "bun:test";
import { SECONDS } from "../../src/arbitration/heard-out.ts";
import { configSchema } from "../../src/config/schema.ts";
import { DEAD_MS } from "../../src/relay/limits.ts";
import { sampleAt } from "../relay/small-wire.ts";
import { SatelliteRig } from "./satellite-rig.ts";

const ALEXA = { model: "alexa", confidence: 0.93 };

/** Grants what the newest claim asked for. */
function grant(rig: SatelliteRig, fence = 7): void {
  const newest = rig.hub.claims.at(-1);
  newest?.session.tell({ type: "granted", claims: [newest.claim.number], round: 1, fence });
  rig.hear();
}

function lose(rig: SatelliteRig): void {
  const newest = rig.hub.claims.at(-1);
  const winner = { id: "attic", room: "Attic" };
  newest?.session.tell({ type: "cancelled", claims: [newest.claim.number], round: 1, why: "lost", winner });
  rig.hear();
}

describe("a machine that is a relay", () => {
  test("becomes part of the house of its hub, and says what it listens for", () => {
    const rig = SatelliteRig.joined();
    expect(rig.dialled).toEqual([{ url: "ws://hall:7171/relay", token: undefined }]);
    expect(rig.hub.said[0]).toBe("1: admitted kitchen");
    expect(rig.net.line().session.introduction?.models).toEqual(["alexa", "hey_jarvis"]);
    expect(rig.satellite.view()).toMatchObject({
      connected: true,
      hub: "hall",
      hubName: "hall",
      id: "kitchen",
      why: null,
    });
    expect(rig.house.health().status).toBe("ok");
  });

  test("wakes for a word when it is granted, not before, and until the hub says that it is over", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    expect(rig.hub.claims.map(({ claim }) => claim)).toMatchObject([{ model: "alexa", confidence: 0.93 }]);
    expect(rig.state).toBe("arbitrating");
    grant(rig);
    expect(rig.state).toBe("awake");
    expect(rig.house.state().activation).toMatchObject({ model: "alexa", source: null, is_listening: true });
    rig.hear(50);
    expect(rig.state).toBe("awake");
    rig.net.line().session.tell({ type: "over", round: 1, fence: 7, why: "finished" });
    rig.hear();
    expect(rig.state).toBe("armed");
  });

  test("seconds another's word by the thresholds and the least level that are configured here", () => {
    const answerOf = (wake: object, score: number): readonly (number | undefined)[] => {
      const rig = SatelliteRig.joined();
      rig.lived.config = configSchema.parse({ wake });
      rig.lived.level.value.loudest = 0.1;
      rig.hear(4, undefined, score);
      const { nowMs } = rig.net.world;
      rig.net.line().session.ask({ ask: 9, untilMs: nowMs + 300, wordEndedAtMs: nowMs - 80, model: "alexa" });
      rig.hear(2, undefined, 0);
      return rig.hub.claims.map(({ claim }) => claim.seconds);
    };
    const faint = SECONDS * 0.4;
    // The model's own threshold is 0.5.
    expect(answerOf({}, faint * 2)).toEqual([9]);
    expect(answerOf({}, faint)).toEqual([]);
    expect(answerOf({ models: { alexa: { threshold: 0.2 } } }, faint)).toEqual([9]);
    expect(answerOf({ rms_filter: 3000 }, faint * 2)).toEqual([9]);
    expect(answerOf({ rms_filter: 4000 }, faint * 2)).toEqual([]);
  });

  test("goes back to listening at once when another answers", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    lose(rig);
    expect(rig.state).toBe("armed");
    expect(rig.types()).toEqual(["connected", "claimed", "lost"]);
  });

  test("gives up what is being said when somebody mutes it, and nothing that was said before", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    rig.house.mute(true);
    rig.look(100);
    expect(rig.state).toBe("off");
    expect(rig.hub.said.at(-1)).toContain("finished");
    const { length } = rig.hub.audioHeard;
    rig.house.mute(false);
    rig.hear(10);
    expect(rig.hub.audioHeard).toHaveLength(length);

    rig.hear(30, ALEXA);
    grant(rig, 8);
    rig.net.line().session.tell({ type: "enough", fence: 8 });
    rig.hear();
    rig.house.mute(true);
    const said = rig.hub.said.length;
    rig.look(100);
    expect(rig.hub.said).toHaveLength(said);
    expect(rig.state).toBe("processing");
  });

  test("ends what it was granted when it is taken back", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    lose(rig);
    expect(rig.state).toBe("armed");
  });

  test("sends every sample from before the word on, and dates the word as inference does", () => {
    const rig = SatelliteRig.joined();
    const saidAtMs = rig.net.world.nowMs + 80;
    rig.hear(1, ALEXA);
    grant(rig);
    rig.hear(10);
    const [first] = rig.hub.audioHeard;
    const heard = rig.hub.audioHeard.flatMap(({ samples }) => [...samples]);
    const from = first?.firstSample ?? 0;
    const count = heard.length;
    expect(count).toBeGreaterThan(11 * 1280);
    const own = rig.samples - count;
    expect(heard).toEqual(Array.from({ length: count }, (_, i) => sampleAt(own + i)));
    expect(from).toBeGreaterThanOrEqual(0);
    expect(Math.abs((rig.hub.claims[0]?.claim.endedAtMs ?? 0) - saidAtMs)).toBeLessThan(1500);
    expect(rig.hub.claims[0]?.claim.evidence?.confidence).toBe(0.93);
  });

  test("follows what the hub does with its command, and with no other's", () => {
    const rig = SatelliteRig.joined();
    const activation = { model: "alexa", confidence: 0.9, forMs: 0 };
    const show = (relay: string, state: string) => {
      const house = { activation: { ...activation, relay, state }, rounds: [], relays: [] };
      rig.net.line().session.show(JSON.stringify({ type: "state", ...house }));
      rig.hear();
    };
    show("kitchen", "recording");
    expect(rig.state).toBe("armed");
    rig.hear(1, ALEXA);
    grant(rig);
    show("attic", "responding");
    expect(rig.state).toBe("awake");
    show("kitchen", "recording");
    expect(rig.state).toBe("recording");
    expect(rig.satellite.view().house).toMatchObject({ state: "recording", relay: "kitchen", model: "alexa" });
    rig.net.line().session.tell({ type: "enough", fence: 7 });
    rig.hear();
    expect(rig.state).toBe("processing");
  });

  test("tells the hub that it does not go on when somebody resets it", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    rig.house.reset();
    rig.satellite.reset();
    rig.hear();
    expect(rig.hub.said).toContain("1: finished 7");
    expect(rig.state).toBe("armed");
  });

  test("shows its token to the hub, as it is when it dials, and has its name from it", () => {
    const rig = new SatelliteRig({ id: undefined });
    expect(rig.dialled.at(-1)?.token).toBeUndefined();
    rig.hear(5);
    expect(rig.hub.said[0]).toBe("1: admitted kitchen-pi");
    rig.token = "secret";
    rig.net.restartHub();
    rig.hear(20);
    expect(rig.dialled.at(-1)?.token).toBe("secret");
    expect(rig.net.line().session.introduction?.id).not.toBe("kitchen-pi");
  });
});

describe("a relay with a loudspeaker", () => {
  function answering(): SatelliteRig {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    return rig;
  }

  test("chimes when it is granted, and not for a word that another answers", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    expect(rig.said).toEqual([]);
    lose(rig);
    expect(rig.said).toEqual([]);
    rig.hear(1, ALEXA);
    grant(rig, 8);
    expect(rig.said).toEqual(["chime"]);
  });

  test("says the reply whole, and tells the hub when it was heard", () => {
    const rig = answering();
    const pcm = Int16Array.of(1, 2, 3);
    rig.net.line().session.reply(7, "It is noon.", { sampleRateHz: 22_050, pcm });
    rig.hear(2);
    expect(rig.said).toEqual(["chime", "answer 22050 1,2,3"]);
    expect(rig.state).toBe("responding");
    expect(rig.hub.said).not.toContain("1: finished 7");
    rig.ended();
    rig.hear();
    expect(rig.hub.said).toContain("1: finished 7");
    expect(rig.state).toBe("armed");
  });

  test("is interrupted by a new word: that the old answer ends says nothing of what is granted now", () => {
    const rig = answering();
    rig.net.line().session.reply(7, "It is noon.", { sampleRateHz: 22_050, pcm: Int16Array.of(1) });
    rig.hear(2);
    const oldEnds = rig.ended;
    rig.chimes = oldEnds;
    rig.hear(30, ALEXA);
    grant(rig, 8);
    expect(rig.said.at(-1)).toBe("chime");
    expect(rig.hub.said.filter((line) => line.includes("finished"))).toEqual([]);
    rig.net.line().session.tell({ type: "over", round: 1, fence: 7, why: "superseded" });
    rig.hear();
    expect(rig.said.at(-1)).toBe("chime");
    expect(rig.state).toBe("awake");
  });

  test("plays the sound of an error though there is nothing to say", () => {
    const rig = answering();
    rig.net.line().session.reply(7, "", undefined, "error");
    rig.hear();
    expect(rig.said).toEqual(["chime", "error silent "]);
  });

  test("is silenced when its command is over, and what ends then finishes nothing", () => {
    const rig = answering();
    rig.net.line().session.reply(7, "", undefined, "error");
    rig.hear();
    rig.net.line().session.tell({ type: "over", round: 1, fence: 7, why: "reset" });
    rig.hear();
    expect(rig.said.at(-1)).toBe("stop");
    rig.ended();
    rig.hear();
    expect(rig.hub.said.filter((line) => line.includes("finished"))).toEqual([]);
  });
});

describe("the microphone of a relay is guarded", () => {
  const kitchen = { id: "kitchen", room: "Kitchen", zone: "house", status: 0, responding: false };
  const other = { id: "other", room: "Kitchen", zone: "house", status: 2, responding: true };
  /** Whether it is, once the hub has told it of these relays. */
  function guardedBy(
    ...relays: readonly (typeof kitchen | (Omit<typeof kitchen, "room"> & { readonly room: null }))[]
  ) {
    const rig = SatelliteRig.joined();
    const activation = { model: "", confidence: 0, relay: null, state: "armed", forMs: 0 };
    rig.net.line().session.show(JSON.stringify({ type: "state", activation, rounds: [], relays }));
    rig.hear(2);
    return rig.guarded.read().guarded[0] === 1;
  }

  test("while another says an answer in its room, and not while one does in another room or zone", () => {
    expect(guardedBy(kitchen, { ...other, responding: false })).toBe(false);
    expect(guardedBy(kitchen, other)).toBe(true);
    expect(guardedBy(kitchen, { ...other, room: "Study" })).toBe(false);
    expect(guardedBy(kitchen, { ...other, zone: "shed" })).toBe(false);
  });

  test("while one does that may be anywhere in its zone", () => {
    expect(guardedBy(kitchen, { ...other, room: null })).toBe(true);
    expect(guardedBy({ ...kitchen, room: null }, other)).toBe(true);
    expect(guardedBy(kitchen, { ...other, room: null, zone: "shed" })).toBe(false);
  });

  test("while its own loudspeaker says something, and for a moment behind that", () => {
    const rig = SatelliteRig.joined();
    const isGuarded = () => rig.guarded.read().guarded[0] === 1;
    rig.isPlaying = true;
    rig.hear();
    expect(isGuarded()).toBe(true);
    rig.isPlaying = false;
    rig.hear(9);
    expect(isGuarded()).toBe(true);
    rig.hear(2);
    expect(isGuarded()).toBe(false);
  });
});

describe("a relay that is kept out", () => {
  test("says in its log, its health and its state what the hub said, and what to do, once", () => {
    const rig = SatelliteRig.joined();
    const refusal = { code: "wrong_token", hint: "earshot token add NAME makes one" };
    rig.net.line().events.closed("the token is not known", refusal);
    rig.look(80);
    const why = "the token is not known; earshot token add NAME makes one";
    const { code, hint } = refusal;
    expect(rig.warned).toEqual([{ event: "the hub is away", hub: "hall", code, why: "the token is not known", hint }]);
    expect(rig.satellite.view()).toMatchObject({ code, why });
    expect(rig.house.health().reasons[0]?.message).toBe(`the hub hall is away: ${why}`);
  });

  test("says that a file is of no use though the hub takes it without, and once each time", () => {
    const rig = SatelliteRig.joined();
    rig.trouble = "relay.token_file: there is no file a.token";
    rig.hear(5);
    expect(rig.satellite.connected).toBe(true);
    expect(rig.warned).toEqual([{ event: "a file of this relay is of no use", why: rig.trouble }]);
    rig.trouble = undefined;
    rig.hear(5);
    expect(rig.warned).toHaveLength(1);
  });
});

describe("a relay whose hub is away", () => {
  function away(whileAway: "silent" | "alone"): SatelliteRig {
    const rig = SatelliteRig.joined({ while_away: whileAway });
    rig.net.reachable = false;
    rig.net.restartHub();
    rig.hear(2);
    return rig;
  }

  test("does nothing with a word when it is to stay silent, and its health is down and says so", () => {
    const rig = away("silent");
    rig.hear(1, ALEXA);
    expect(rig.state).toBe("off");
    const { status, reasons } = rig.house.health();
    expect(status).toBe("down");
    expect(reasons).toMatchObject([{ code: "hub_away", message: expect.stringContaining("the hub hall is away") }]);
    expect(rig.house.state().activation.reason).toContain("the hub hall is away");
    expect(rig.satellite.view()).toMatchObject({ connected: false, hubName: null, house: null });
  });

  test("answers by itself when it may, and its health is degraded", () => {
    const rig = away("alone");
    rig.hear(1, ALEXA);
    expect(rig.state).toBe("awake");
    expect(rig.house.health()).toMatchObject({ status: "degraded", reasons: [{ code: "hub_away" }] });
    expect(rig.types()).toContain("alone");
  });

  test("is told at once by the configuration to be otherwise", () => {
    const rig = away("silent");
    rig.relay = { ...rig.relay, while_away: "alone" };
    rig.hear(1, ALEXA);
    expect(rig.state).toBe("awake");
  });

  test("takes nothing of an old round into the next: what it was granted is over, and the word is not claimed again", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    expect(rig.state).toBe("awake");
    rig.net.restartHub();
    rig.hear(2);
    expect(rig.state).not.toBe("awake");
    rig.hear(40);
    expect(rig.satellite.connected).toBe(true);
    expect(rig.state).toBe("armed");
    expect(rig.hub.claims.length).toBe(1);
    // Sound of the old claim would be of no connection that there is.
    const before = rig.hub.audioHeard.length;
    rig.hear(10);
    expect(rig.hub.audioHeard.length).toBe(before);
  });

  test("sees within 5 s that a hub is gone whose network says nothing", () => {
    const rig = SatelliteRig.joined();
    rig.net.line().dead = true;
    rig.hear(Math.ceil((DEAD_MS + 400) / 80));
    expect(rig.events).toContainEqual(expect.objectContaining({ type: "away", code: "hub_silent" }));
  });
});

describe("a relay whose web worker is started again", () => {
  test("joins again, ends what was under way, and claims nothing that was said before", () => {
    const rig = SatelliteRig.joined();
    rig.hear(1, ALEXA);
    grant(rig);
    rig.restart();
    expect(rig.state).toBe("armed");
    rig.hear(13);
    expect(rig.satellite.connected).toBe(true);
    expect(rig.hub.claims.length).toBe(1);
    rig.hear(1, ALEXA);
    expect(rig.hub.claims.length).toBe(2);
    grant(rig, 8);
    expect(rig.state).toBe("awake");
  });
});

describe("a relay that hears nothing", () => {
  const armed = (rig: SatelliteRig) => rig.hub.telemetryHeard.at(-1);

  test("says that it would notice a word, while it would", () => {
    const rig = SatelliteRig.joined();
    expect(armed(rig)).toMatchObject({ armed: true, rms: 0.1, scores: { alexa: 0.01 }, lostSamples: 0 });
  });

  test("says that its microphone is gone, and why, and nobody waits for it", () => {
    const rig = SatelliteRig.joined();
    rig.lived.setCapture("waiting", "the USB plug is out");
    rig.silence(1200);
    expect(armed(rig)).toMatchObject({ armed: false, reason: "no audio: the USB plug is out", rms: 0 });
    rig.hub.said.length = 0;
    const { nowMs } = rig.net.world;
    rig.net.line().session.ask({ ask: 3, untilMs: nowMs + 300, wordEndedAtMs: nowMs, model: "alexa" });
    rig.silence(160);
    expect(rig.hub.said).toContain("1: pass 3");
    rig.lived.setCapture("open");
    rig.hear(3);
    expect(armed(rig)).toMatchObject({ armed: true });
  });

  test("claims nothing and keeps nothing while it is muted, and says so", () => {
    const rig = SatelliteRig.joined();
    rig.house.mute(true);
    rig.hear(3, ALEXA);
    expect(rig.hub.claims).toEqual([]);
    expect(armed(rig)).toMatchObject({ armed: false, reason: "muted" });
    rig.house.mute(false);
    rig.ring.startEpoch();
    const unmutedAt = rig.samples;
    rig.hear(1, ALEXA);
    grant(rig);
    const heard = rig.hub.audioHeard.flatMap(({ samples }) => [...samples]);
    expect(heard[0]).toBe(sampleAt(unmutedAt));
  });

  test("sends nothing of what was heard before a gap", () => {
    const rig = SatelliteRig.joined();
    rig.ring.startEpoch();
    const began = rig.samples;
    rig.hear(1, ALEXA);
    grant(rig);
    const heard = rig.hub.audioHeard.flatMap(({ samples }) => [...samples]);
    expect(heard).toEqual(Array.from({ length: rig.samples - began }, (_, i) => sampleAt(began + i)));
    expect(armed(rig)?.lostSamples).toBeGreaterThan(0);
  });
});

describe("a relay that only sends its sound", () => {
  test("sends every sample, claims nothing, and wakes when the hub grants it", () => {
    const rig = SatelliteRig.joined({ audio_only: true });
    rig.hear(10, ALEXA);
    expect(rig.hub.claims).toEqual([]);
    const heard = rig.hub.streams.flatMap(({ samples }) => [...samples]);
    expect(heard.length).toBeGreaterThan(10 * 1280);
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => sampleAt(rig.samples - heard.length + i)));
    rig.net.line().session.tell({ type: "granted", claims: [], round: 1, fence: 4 });
    rig.hear();
    expect(rig.house.state().activation).toMatchObject({ state: "awake", model: "wake word" });
    const activation = { state: "awake", model: "alexa", confidence: 0.8, relay: "kitchen", forMs: 5 };
    rig.net.line().session.show(JSON.stringify({ type: "state", activation, rounds: [], relays: [] }));
    rig.hear();
    expect(rig.house.state().activation).toMatchObject({ state: "awake", model: "alexa", confidence: 0.8 });
  });

  test("is down while the hub is away, whatever it may do alone: it hears no words itself", () => {
    const rig = SatelliteRig.joined({ audio_only: true, while_away: "alone" });
    expect(rig.house.health().status).toBe("ok");
    rig.net.reachable = false;
    rig.net.restartHub();
    rig.hear(2);
    expect(rig.house.health()).toMatchObject({ status: "down", reasons: [{ code: "hub_away" }] });
  });
});
