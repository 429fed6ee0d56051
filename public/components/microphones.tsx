/** The house: every microphone, where there are others than this machine's own. Where it is, how loud, and what it is doing. */
import { useComputed } from "@preact/signals";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import type { Actions } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { describePlace, describeRelay, lastPart, microphones, streamOf } from "../house.ts";
import { scalePosition } from "../meter.ts";
import { describeLag, describeLoss, duration, hasMicrophone } from "../words.ts";
import { Calibrate } from "./calibrate.tsx";
import { Invitation } from "./invitation.tsx";
import { MicrophoneKnowledge } from "./microphone-knowledge.tsx";
import type { Ask, Here } from "./page.tsx";

interface MicrophonesProps {
  readonly ear: Ear;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function Microphones({ ear, actions, here, ask }: MicrophonesProps & { readonly here: Here }) {
  const state = ear.state.value;
  if (state === null) return null;
  if (state.relays.every(({ kind }) => kind === "local")) {
    return hasMicrophone(state) || state.satellite !== null ? null : <Invitation name={state.name} here={here} />;
  }
  return (
    <section class="card microphones" aria-labelledby="microphones-title" data-testid="microphones">
      <h2 id="microphones-title">
        Microphones of the house <span class="how-many">{howMany(state)}</span>
      </h2>
      <ul>
        {microphones(state).map((relay) => (
          <Microphone key={relay.id} ear={ear} relay={relay} state={state} actions={actions} ask={ask} />
        ))}
      </ul>
      {/* Gains are what microphones differ by. */}
      {microphones(state).length > 1 && <Calibrate actions={actions} ask={ask} />}
    </section>
  );
}

/** With many, those that give nothing are not to be looked for. */
function howMany(state: StateView): string {
  const here = microphones(state).filter(({ connected }) => connected);
  const away = microphones(state).length - here.length;
  const silent = here.filter((relay) => isSilent(relay, state)).length;
  const howManySilent = silent === here.length ? "without sound" : `${silent} without sound`;
  const parts = [`${here.length}`, silent > 0 && howManySilent, away > 0 && `${away} away`];
  return parts.filter((part) => part !== false).join(", ");
}

function isSilent(relay: RelayView, { streams }: StateView): boolean {
  return relay.trouble !== null || streamOf(relay, streams)?.state === "waiting";
}

interface MicrophoneProps extends MicrophonesProps {
  readonly relay: RelayView;
  readonly state: StateView;
}

function Microphone({ ear, actions, ask, relay, state: { streams, relays, rounds } }: MicrophoneProps) {
  const stream = streamOf(relay, streams);
  const id = stream?.id;
  const known = ear.freshness.value === "live";
  const levels = id === undefined ? undefined : ear.streamLevels.value.get(id);
  const asleep = id === 0 ? ear.asleep.value : levels?.asleep === true;
  const lag = describeLag((id === 0 ? stream?.lagMs : levels?.lagMs) ?? 0);
  const { mood, word, detail } = describeRelay(relay, stream, asleep, rounds);
  const pace = [lag, describeLoss(stream?.lostSamples ?? 0)].filter((part) => part !== null).join(", ");
  const part = lastPart(relay, rounds);
  return (
    <li class="microphone" data-mood={known ? mood : "unknown"} data-testid={`microphone-${relay.id}`}>
      <span class="microphone-name" title={whoItIs(relay)}>
        <bdi>{relay.id}</bdi>
      </span>
      <span class="microphone-place" title={describePlace(relay, relays)}>
        {describePlace(relay, relays)}
      </span>
      <Level ear={ear} relayId={relay.id} stream={id} />
      <p class="microphone-state" title={detail ?? undefined}>
        <span class="dot" data-hollow={asleep && mood === "ok"} aria-hidden="true" />
        {known ? word : "Not known"}
        {known && !relay.connected && <Since ear={ear} atMs={relay.since} />}
        {known && pace !== "" && <span class="pace">{pace}</span>}
      </p>
      {known && detail !== null && mood === "bad" && <p class="microphone-trouble">{detail}</p>}
      {known && <MicrophoneKnowledge relay={relay} actions={actions} ask={ask} />}
      {rounds.length > 0 && <p class="microphone-part">{known && part}</p>}
    </li>
  );
}

/** `for 3 h` */
function Since({ ear, atMs }: { readonly ear: Ear; readonly atMs: number }) {
  const text = useComputed(() => {
    void ear.tickMs.value;
    return ` for ${duration(Math.max(0, ear.serverNowMs() - atMs))}`;
  });
  return <time dateTime={new Date(atMs).toISOString()}>{text}</time>;
}

function whoItIs({ id, kind, address, software, delayMs }: RelayView): string {
  if (kind === "local") return `${id}: the microphone of this machine`;
  const away = delayMs === null ? null : `${delayMs.toFixed(0)} ms away`;
  return [id, address, software === "" ? null : software, away].filter((part) => part !== null).join(", ");
}

interface LevelProps {
  readonly ear: Ear;
  readonly relayId: string;
  /** Undefined for a relay that listens for itself, and says how loud it is. */
  readonly stream: number | undefined;
}

/** Drawn ten times a second for each microphone: the width goes past Preact, straight into the element. */
function Level({ ear, relayId, stream }: LevelProps) {
  const style = useComputed(() => {
    const rms =
      stream === undefined
        ? ear.relayLevels.value.get(relayId)
        : stream === 0
          ? ear.rms.value
          : ear.streamLevels.value.get(stream)?.rms;
    return `transform:scaleX(${scalePosition(rms ?? 0).toFixed(3)})`;
  });
  return (
    <span class="microphone-level" aria-hidden="true">
      <span style={style} />
    </span>
  );
}
