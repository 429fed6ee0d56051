/** The page that lends its microphone: ties browser, hub and page together. */
import "./schemas-without-eval.ts";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { version } from "../../package.json";
import { dialWebSocket } from "../../src/relay/dial.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { type Notice, readNotice } from "../actions.ts";
import { showMood } from "../tab.ts";
import { Elsewhere } from "./elsewhere.tsx";
import { type Identity, keepIdentity, readIdentity } from "./identity.ts";
import { Insecure } from "./insecure.tsx";
import { LentMicrophone } from "./lent.ts";
import { Microphone } from "./microphone.ts";
import { MicrophonePage } from "./microphone-page.tsx";
import { Player } from "./player.ts";
import { ScreenLock } from "./screen-lock.ts";
import { openSoundGraph } from "./sound-graph.ts";
import { describeLent } from "./words.ts";

const TICK_MS = 100;
/** How often what has no event of its own is tried again. */
const MEND_MS = 3000;
const WEBSOCKET_ONLY = 426;
/** Whether this machine is a hub is not waited for longer. */
const ASK_MS = 3000;

async function start(root: HTMLElement): Promise<void> {
  const satellite = await askWhoseRelay();
  if (satellite !== null) {
    document.title = `A relay of ${satellite.hubName ?? satellite.hub} - Earshot`;
    render(<Elsewhere satellite={satellite} page={location} />, root);
    return;
  }
  if (!isSecureContext || navigator.mediaDevices === undefined) {
    render(<Insecure page={location} />, root);
    return;
  }
  const nowMs = () => performance.now();
  const storage = storageOf(window);
  // Sound goes through it from the first tap on: what comes in, and what is answered.
  const context = new AudioContext();
  const player = new Player(context);
  const lentWith = (identity: Identity) =>
    new LentMicrophone({ identity, version, dial: dialFor, askWhy, player, nowMs, random: Math.random });
  const identity = signal(readIdentity(storage, Math.random));
  const lent = signal(lentWith(identity.value));
  const microphone = new Microphone({
    devices: navigator.mediaDevices,
    openGraph: (stream, events) => openSoundGraph(context, stream, events, nowMs),
    onSound: (sound) => lent.value.hear(sound),
    onState: (state) => lent.value.follow(state),
  });
  const screenLock = new ScreenLock(navigator);

  const lend = (chosen: Identity) => {
    identity.value = chosen;
    keepIdentity(storage, chosen);
    lent.value = lentWith(chosen);
    void context.resume();
    lent.value.start();
    void microphone.open();
    void screenLock.hold();
  };
  const stop = () => {
    identity.value = { ...identity.value, lent: false };
    keepIdentity(storage, identity.value);
    microphone.close();
    lent.value.stop();
    void screenLock.release();
  };
  const mend = () => void microphone.mend();

  setInterval(() => lent.value.tick(), TICK_MS);
  setInterval(() => {
    if (lent.value.microphone.value.kind === "failed") mend();
  }, MEND_MS);
  navigator.mediaDevices.addEventListener("devicechange", mend);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    mend();
    lent.value.retryNow();
    void screenLock.renew();
  });
  addEventListener("online", () => lent.value.retryNow());
  addEventListener("pagehide", () => lent.value.stop());
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
  void lentBefore(identity.value).then((again) => {
    if (again) lend(identity.value);
  });

  effect(() => {
    const { microphone, link, turn, house, houseIsOff } = lent.value;
    const { mood, headline } = describeLent({
      microphone: microphone.value,
      link: link.value,
      turn: turn.value,
      house: house.value,
      houseIsOff: houseIsOff.value,
      nowMs: 0,
    });
    document.title = `${headline} - Earshot`;
    showMood(document, mood);
  });
  const App = () => (
    <MicrophonePage lent={lent.value} identity={identity.value} onLend={lend} onStop={stop} onTap={mend} />
  );
  render(<App />, root);
}

/** A page that was lent and is opened again, after a power cut perhaps, goes on where no question would be asked. */
async function lentBefore({ lent }: Identity): Promise<boolean> {
  if (!lent) return false;
  const permission = await navigator.permissions.query({ name: "microphone" }).catch(() => undefined);
  return permission?.state === "granted";
}

/** Which hub decides for this machine; null for a hub, and where it does not say. */
async function askWhoseRelay(): Promise<StateView["satellite"]> {
  try {
    const answer = await fetch("/api/state", { signal: AbortSignal.timeout(ASK_MS) });
    return answer.ok ? ((await answer.json()) as StateView).satellite : null;
  } catch {
    return null;
  }
}

function dialFor(token: string | undefined) {
  const address = new URL("/relay", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return dialWebSocket(address.href, token);
}

async function askWhy(token: string | undefined): Promise<Notice | null> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch("/relay", { headers });
  if (answer.status === WEBSOCKET_ONLY || answer.status >= 500) return null;
  return readNotice(answer.status, await answer.json().catch(() => null));
}

/** Some browsers throw where a person wants nothing kept. */
function storageOf(page: Pick<Window, "localStorage">): Storage | undefined {
  try {
    return page.localStorage;
  } catch {
    return undefined;
  }
}

const root = document.getElementById("page");
if (root !== null) void start(root);
