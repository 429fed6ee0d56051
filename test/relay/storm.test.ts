// Both ends of the protocol against each other over a network that does everything a network does, and some things that only
// a liar does.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { FRAME_KINDS, HEADER_BYTES, readAudioFrame } from "../../src/relay/audio-frame.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import { CALM, CLOCK_OFF_MS, SmallRelay, sampleAt, smallNet } from "./small-wire.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.RELAY_STORMS ?? 40);
console.log(`relay storms: FUZZ_SEED=${seed} RELAY_STORMS=${RUNS}`);

interface Wind {
  readonly lagMs: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  readonly doublePercent: number;
}

const weather: fc.Arbitrary<Wind> = fc.record({
  lagMs: fc.integer({ min: 0, max: 30 }),
  jitterMs: fc.constantFrom(0, 5, 200, 2000),
  lossPercent: fc.constantFrom(0, 0, 10, 60),
  doublePercent: fc.constantFrom(0, 0, 20),
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("word" as const), twice: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("score" as const), score: fc.constantFrom(0, 0.2, 0.4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("ask" as const), agoMs: fc.integer({ min: -300, max: 600 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("weather" as const), weather }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("restart" as const), awayMs: fc.integer({ min: 0, max: 9000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("half-open" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("mute" as const), muted: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("garbage" as const),
      direction: fc.constantFrom("to hub" as const, "to relay" as const),
      data: fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 60 })),
    }),
  },
);

const decision = fc.constantFrom("grant", "cancel", "reject", "ignore", "grant and finish", "grant twice", "take back");
const plan = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
  decisions: fc.array(fc.record({ what: decision, afterMs: fc.integer({ min: 0, max: 600 }) }), {
    minLength: 1,
    maxLength: 10,
  }),
  chance: fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
  detects: fc.boolean(),
});

test("nothing throws, nothing is mixed up, nothing of an old connection comes on a new one, and calm brings all back", () => {
  let granted = 0;
  let accepted = 0;
  let connections = 0;
  fc.assert(
    fc.property(plan, ({ steps, decisions, chance, detects }) => {
      const net = smallNet();
      const { world, hub } = net;
      const random = () => chance.next().value ?? 0.5;
      const identity = {
        ...{ id: "kitchen", models: ["alexa"], software: "storm" },
        capabilities: { detects, evidence: detects, onset: true, asks: true, plays: false },
      };
      const relay = new SmallRelay(net, { identity, random });
      /** Fences that each connection was given for each claim. */
      const grants = new Map<HubSession, Map<number, number[]>>();
      let fence = 0;
      let claims = 0;

      hub.onClaim = (session, { number }) => {
        const { what, afterMs } = decisions[claims++ % decisions.length] ?? { what: "ignore", afterMs: 0 };
        world.after(afterMs, () => {
          const grant = () => {
            const given = ++fence;
            const ofSession = grants.get(session) ?? new Map<number, number[]>();
            grants.set(session, ofSession.set(number, [...(ofSession.get(number) ?? []), given]));
            session.tell({ type: "granted", claims: [number], round: 1, fence: given });
          };
          const cancel = () =>
            session.tell({ type: "cancelled", claims: [number], round: 1, why: "lost", winner: null });
          if (what.startsWith("grant") || what === "take back") grant();
          if (what === "grant twice") grant();
          if (what === "cancel" || what === "take back") cancel();
          if (what === "reject") session.tell({ type: "rejected", claim: number, why: "stale" });
          if (what === "grant and finish") session.tell({ type: "over", round: 1, fence, why: "finished" });
        });
      };
      const wild = (one: Wind) => () => {
        if (random() * 100 < one.lossPercent) return [];
        const copies = random() * 100 < one.doublePercent ? 2 : 1;
        return Array.from({ length: copies }, () => one.lagMs + random() * one.jitterMs);
      };
      const direct = (): void => {
        for (const { session, claim, fence: under, firstSample, samples, last } of hub.audioHeard.splice(0)) {
          accepted++;
          // A fence that this claim of this connection was never given would be another's.
          if (under !== undefined) expect(grants.get(session)?.get(claim)).toContain(under);
          if (!last) expect(samples.every((sample, i) => sample === sampleAt(firstSample + i))).toBe(true);
        }
        for (const { samples } of hub.streams.splice(0)) expect(samples.length).toBeGreaterThan(0);
      };

      relay.client.start();
      for (const next of steps) {
        switch (next.do) {
          case "wait":
            world.pass(next.ms);
            break;
          case "word": {
            const word = { model: "alexa", confidence: 0.9 };
            relay.next = next.twice ? [word, { model: "hey_jarvis", confidence: 0.7 }] : [word];
            world.pass(80);
            break;
          }
          case "score":
            relay.score = next.score;
            break;
          case "ask":
            if (net.lines.length > 0) {
              const wordEndedAtMs = world.nowMs - next.agoMs;
              net.line().session.ask({ ask: 1 + claims, untilMs: world.nowMs + 300, wordEndedAtMs, model: "alexa" });
            }
            break;
          case "weather":
            net.weather = wild(next.weather);
            break;
          case "restart":
            net.reachable = false;
            net.restartHub();
            direct();
            world.pass(next.awayMs);
            net.reachable = true;
            break;
          case "half-open":
            if (net.lines.length > 0) net.line().dead = true;
            break;
          case "mute":
            relay.client.muted = next.muted;
            break;
          case "garbage":
            if (net.lines.length > 0) net.inject(next.data, next.direction);
            break;
        }
        direct();
      }

      // Whatever happened: in calm weather it is in the house again, and a word that it hears is claimed, granted and heard.
      net.weather = CALM;
      relay.client.muted = false;
      relay.score = 0;
      world.pass(50_000);
      expect(relay.client.connected).toBe(true);
      expect(hub.members.size).toBe(1);
      direct();
      expect(relay.types()).not.toContain("alone");
      hub.onClaim = (session, { number }) =>
        session.tell({ type: "granted", claims: [number], round: 1, fence: 10_000 });
      hub.claims.length = 0;
      relay.next = [{ model: "alexa", confidence: 0.9 }];
      const spokenAtMs = world.nowMs;
      world.pass(400);
      if (detects) {
        expect(hub.claims).toHaveLength(1);
        expect(Math.abs((hub.claims[0]?.claim.endedAtMs ?? 0) - spokenAtMs)).toBeLessThan(1600);
        expect(hub.audioHeard.some((audio) => audio.fence === 10_000)).toBe(true);
        granted++;
      } else {
        expect(hub.claims).toHaveLength(0);
        expect(hub.streams.length).toBeGreaterThan(3);
      }
      connections += net.lines.length;
    }),
    { seed, numRuns: RUNS },
  );
  expect(granted).toBeGreaterThan(0);
  expect(accepted).toBeGreaterThan(0);
  expect(connections).toBeGreaterThan(RUNS);
}, 60_000);

test("claims and sound that come on a connection were heard after its welcome", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ waitMs: fc.integer({ min: 20, max: 900 }), restart: fc.boolean() }), { maxLength: 12 }),
      (turns) => {
        const net = smallNet();
        const { world, hub } = net;
        const relay = new SmallRelay(net);
        relay.client.start();
        /** Of the words that were claimed, by number: when. */
        const heardAtMs: number[] = [];
        for (const { waitMs, restart } of turns) {
          world.pass(waitMs);
          const claimed = relay.types().filter((type) => type === "claimed").length;
          relay.next = [{ model: "alexa", confidence: 0.9 }];
          world.pass(80);
          if (relay.types().filter((type) => type === "claimed").length > claimed) heardAtMs.push(world.nowMs);
          if (restart) net.restartHub();
        }
        world.pass(6000);
        for (const { session, claim } of hub.claims) {
          const at = heardAtMs[claim.number - 1] ?? Number.NEGATIVE_INFINITY;
          const line = net.lines.find((one) => one.session === session);
          expect(line).toBeDefined();
          expect(at).toBeGreaterThan(Number.NEGATIVE_INFINITY);
        }
        // Each claim came on one connection only.
        expect(new Set(hub.claims.map(({ claim }) => claim.number)).size).toBe(hub.claims.length);
      },
    ),
    { seed, numRuns: 40 },
  );
}, 30_000);

test("frames of a relay are those of docs/protocol.md", () => {
  const net = smallNet();
  const relay = new SmallRelay(net);
  const frames: Uint8Array[] = [];
  net.weather = (data, direction) => {
    if (direction === "to hub" && typeof data !== "string") frames.push(data.slice());
    return [2];
  };
  relay.client.start();
  net.world.pass(1000);
  relay.next = [{ model: "alexa", confidence: 0.9 }];
  net.world.pass(300);
  expect(frames.length).toBeGreaterThan(2);
  for (const [sequence, bytes] of frames.entries()) {
    const frame = readAudioFrame(bytes);
    expect(bytes[1]).toBe(FRAME_KINDS.claim);
    expect(bytes.length).toBe(HEADER_BYTES + 2 * frame.pcm.length);
    expect(frame).toMatchObject({ connection: 1, number: 1, sequence, fence: undefined });
    expect(frame.atMs).toBeCloseTo(80 + (frame.firstSample - 1280) / 16 + CLOCK_OFF_MS, 3);
  }
});
