/** The big sentence, what can be done about it, and the level meter. */
import { useComputed } from "@preact/signals";
import type { Actions } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { describeDoing, figure, hasMicrophone, isUnderWay, spokenName } from "../words.ts";
import { LevelMeter } from "./level-meter.tsx";
import { Mark } from "./mark.tsx";
import type { Ask } from "./page.tsx";

interface ActivationProps {
  readonly ear: Ear;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function Activation({ ear, actions, ask }: ActivationProps) {
  const sentence = ear.sentence.value;
  const announced = sentence.mood === "unknown" ? "Connection to Earshot lost" : sentence.headline;
  return (
    <section class="activation" data-mood={sentence.mood} data-fresh={ear.freshness.value} aria-label="Listening state">
      <div class="beacon" aria-hidden="true">
        <span class="ripple" />
        <span class="ripple" />
        <Mark waves={3} />
      </div>
      <div class="saying">
        <h1>
          <span data-testid="activation-status">
            {sentence.headline}
            {sentence.withRms && " "}
            {sentence.withRms && <Rms ear={ear} />}
          </span>
        </h1>
        <p class="detail">{sentence.detail}</p>
        {sentence.hint !== null && <p class="hint">{sentence.hint}</p>}
        <Rooms ear={ear} />
      </div>
      <Buttons ear={ear} actions={actions} ask={ask} />
      {(ear.state.value === null || hasMicrophone(ear.state.value)) && <LevelMeter ear={ear} />}
      {/* Apart from the headline, which carries the level: only changes of state are to be read out. */}
      <p class="unseen" aria-live="polite">
        {ear.state.value === null ? "" : announced}
      </p>
    </section>
  );
}

/** Where several words are under way at once, each of them: the big sentence is that of the newest. */
function Rooms({ ear }: { readonly ear: Ear }) {
  const state = ear.freshness.value === "live" ? ear.state.value : null;
  const underWay = state?.activations.filter(isUnderWay) ?? [];
  if (underWay.length < 2) return null;
  return (
    <ul class="rooms" data-testid="activations">
      {underWay.map(({ relay, model, state: doing }) => (
        <li key={relay}>
          <b>{relay}</b> {describeDoing(doing)}
          {model !== null && <span class="pace">{spokenName(state?.models ?? [], model)}</span>}
        </li>
      ))}
    </ul>
  );
}

function Rms({ ear }: { readonly ear: Ear }) {
  const text = useComputed(() => figure(ear.rms.value ?? 0));
  return <span class="rms">(RMS: {text})</span>;
}

function Buttons({ ear, actions, ask }: ActivationProps) {
  const state = ear.state.value;
  if (state === null) return null;
  const { muted } = state.audio;
  const reachable = ear.freshness.value === "live";
  return (
    <div class="buttons">
      {ear.sentence.value.mood === "busy" && (
        <button type="button" data-testid="reset" onClick={() => ask(actions.reset())}>
          End this
        </button>
      )}
      <button
        type="button"
        class={muted ? "primary" : ""}
        data-testid="mute"
        disabled={!reachable}
        onClick={() => ask(actions.setMuted(!muted))}
      >
        {muted ? "Unmute" : "Mute"}
      </button>
    </div>
  );
}
