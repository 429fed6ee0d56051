import { afterEach, describe, expect } from "bun:test";
import type { Evidence } from "../../../src/arbitration/evidence.ts";
import type { RelayView } from "../../../src/web/schemas/relays.ts";
import type { ArbitrationView } from "../../../src/web/schemas/rounds.ts";
import { NEAR, PlainRelay } from "../../support/plain-relay.ts";
import { until } from "../thread-rig.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";
import { webWorker } from "./web-worker.ts";

const turning = turningOf("relays");
const at = ownFolder();

describe("in the web worker", () => {
  const { url, get, change } = webWorker(at);

  const here: PlainRelay[] = [];
  afterEach(async () => {
    await closeAll();
    await change({ arbitration: null, relays: null });
  });

  const relays = async (): Promise<readonly RelayView[]> => {
    const { relays }: { relays: RelayView[] } = await get("/api/relays");
    return relays.filter(({ connected }) => connected);
  };
  /** Settings of relays, and of arbitration; the worker goes by them afterwards. */
  const house = async (relays: Record<string, unknown>, arbitration: unknown = null) => {
    await change({ relays, arbitration });
    await get("/api/state");
  };
  const relay = (id: string, options: ConstructorParameters<typeof PlainRelay>[2] = {}) => {
    const made = new PlainRelay(url, id, options);
    here.push(made);
    return made;
  };
  /** Both hear one word. @returns what became of each */
  const bothClaim = async (one: readonly [string, Evidence], other: readonly [string, Evidence]) => {
    const claiming = [one, other].map(([id, evidence]) => ({ relay: relay(id), evidence }));
    for (const { relay } of claiming) (await relay.joined()).beat(true);
    await until("both are heard to hear", async () => (await relays()).length === 3);
    for (const { relay, evidence } of claiming) relay.claim(evidence);
    return Promise.all(claiming.map(async ({ relay }) => (await relay.told("granted", "cancelled", "rejected")).type));
  };
  const LOUD = { ...NEAR, rms: 0.2, snrDb: 10 };
  const CLEAR = { ...NEAR, rms: 0.1, snrDb: 30 };
  const inZone = (zone: string, a: object = {}, b: object = {}) => ({
    [`${zone} a`]: { zone, ...a },
    [`${zone} b`]: { zone, ...b },
  });

  turning("arbitration.window", async () => {
    const waitedMs = async (zone: string, window: string) => {
      await house(inZone(zone), { window });
      const claims = await relay(`${zone} a`).joined();
      // It is not known what the other hears, and it does not answer.
      await relay(`${zone} b`).joined();
      claims.claim();
      await claims.told("granted");
      const { rounds }: ArbitrationView = await get("/api/arbitration");
      return rounds.find((round) => round.zone === zone)?.verdict?.afterMs ?? Number.NaN;
    };
    expect(await waitedMs("short", "10ms")).toBeWithin(10, 120);
    expect(await waitedMs("long", "130ms")).toBeWithin(120, 1000);
  });

  turning("arbitration.max_relays", async () => {
    await house({}, { max_relays: 1 });
    await relay("one").joined();
    expect(await relay("two").told("refused", "welcome")).toMatchObject({ code: "too_many_relays" });
    await house({}, { max_relays: 2 });
    expect((await relay("two").told("refused", "welcome")).type).toBe("welcome");
  });

  turning("arbitration.policy", async () => {
    await house(inZone("rms"), { policy: "rms" });
    expect(await bothClaim(["rms a", LOUD], ["rms b", CLEAR])).toEqual(["granted", "cancelled"]);
    await closeAll();
    await house(inZone("snr"), { policy: "snr" });
    expect(await bothClaim(["snr a", LOUD], ["snr b", CLEAR])).toEqual(["cancelled", "granted"]);
  });

  turning("relays.*.room", async () => {
    const roomOf = async () => {
      const { room } = await relay("one").told("welcome");
      return [room, (await relays()).find(({ id }) => id === "one")?.room];
    };
    await house({ one: { room: "Küche" } });
    expect(await roomOf()).toEqual(["Küche", "Küche"]);
    await closeAll();
    await house({ one: null });
    expect(await roomOf()).toEqual([null, null]);
  });

  turning("relays.*.expected", async () => {
    const away = async () => (await get("/api/relays")).relays.find(({ id }: RelayView) => id === "nowhere")?.expected;
    await house({ nowhere: { room: "Nowhere" } });
    expect(await away()).toBe(true);
    await house({ nowhere: { expected: false } });
    expect(await away()).toBeUndefined();
  });

  turning("relays.*.zone", async () => {
    await house(inZone("cellar"), { policy: "rms" });
    expect(await bothClaim(["cellar a", LOUD], ["cellar b", CLEAR])).toEqual(["granted", "cancelled"]);
    await closeAll();
    await house({ up: { zone: "upstairs" }, down: { zone: "downstairs" } });
    expect(await bothClaim(["up", LOUD], ["down", CLEAR])).toEqual(["granted", "granted"]);
  });

  turning("relays.*.gain", async () => {
    await house(inZone("equal"), { policy: "rms" });
    expect(await bothClaim(["equal a", LOUD], ["equal b", CLEAR])).toEqual(["granted", "cancelled"]);
    await closeAll();
    await house(inZone("louder", { gain: 10 }, { gain: 0 }), { policy: "rms" });
    expect(await bothClaim(["louder a", LOUD], ["louder b", CLEAR])).toEqual(["cancelled", "granted"]);
  });

  turning("relays.*.preference", async () => {
    await house(inZone("fair"), { policy: "rms" });
    expect(await bothClaim(["fair a", LOUD], ["fair b", CLEAR])).toEqual(["granted", "cancelled"]);
    await closeAll();
    await house(inZone("favour", {}, { preference: 10 }), { policy: "rms" });
    expect(await bothClaim(["favour a", LOUD], ["favour b", CLEAR])).toEqual(["cancelled", "granted"]);
  });

  turning("relays.*.least_level", async () => {
    await house({ quiet: { zone: "q", least_level: -30 } });
    const quiet = await relay("quiet").joined();
    quiet.claim({ ...NEAR, rms: 0.01 });
    expect(await quiet.told("granted", "rejected")).toMatchObject({ type: "rejected", why: "too_quiet" });
    await closeAll();
    await house({ quiet: { zone: "q", least_level: -50 } });
    const heard = await relay("quiet").joined();
    heard.claim({ ...NEAR, rms: 0.01 });
    expect((await heard.told("granted", "rejected")).type).toBe("granted");
  });

  async function closeAll(): Promise<void> {
    for (const relay of here.splice(0)) await relay.close();
    await until("they are gone", async () => (await relays()).length === 1);
  }
});
