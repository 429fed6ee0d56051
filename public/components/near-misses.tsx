/** What was nearly heard, what it lacked, and an offer to let the like of it through. Closed until somebody wants to know. */
import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import type { NearMissView } from "../../src/web/schemas/detections.ts";
import type { ModelView } from "../../src/web/schemas/models.ts";
import type { Actions } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { thresholdFor } from "../near-misses.ts";
import { seriesColour } from "../palette.ts";
import { ago, describeMiss, figure, spokenName } from "../words.ts";
import { Source } from "./detections.tsx";
import type { Ask } from "./page.tsx";

const SHOWN = 8;

interface NearMissesProps {
  readonly ear: Ear;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function NearMisses({ ear, actions, ask }: NearMissesProps) {
  const state = ear.state.value;
  const [newest] = state?.nearMisses ?? [];
  if (state === null || newest === undefined) return null;
  return (
    <details class="near-misses" data-testid="near-misses">
      <summary>
        <h3>Nearly heard</h3>
        <Age ear={ear} atMs={newest.timestamp} />
      </summary>
      <ol>
        {state.nearMisses.slice(0, SHOWN).map((miss) => (
          <NearMiss
            key={`${miss.id} ${miss.timestamp}`}
            ear={ear}
            miss={miss}
            models={state.models}
            setThreshold={(threshold) => ask(actions.setModel(miss.model, { threshold }))}
          />
        ))}
      </ol>
    </details>
  );
}

interface NearMissProps {
  readonly ear: Ear;
  readonly miss: NearMissView;
  readonly models: readonly ModelView[];
  /** Answers whether the change was taken. */
  readonly setThreshold: (threshold: number) => Promise<boolean>;
}

function NearMiss({ ear, miss, models, setThreshold }: NearMissProps) {
  const index = models.findIndex((model) => model.name === miss.model);
  const name = spokenName(models, miss.model);
  const lower = thresholdFor(miss, models);
  const threshold = models[index]?.threshold;
  return (
    <li class="near-miss" style={{ "--series": seriesColour(index) }}>
      <span class="swatch" aria-hidden="true" />
      <span class="detection-name">
        {name}
        <Source name={miss.source} />
      </span>
      <Age ear={ear} atMs={miss.timestamp} />
      <div class="near-miss-why">
        {describeMiss(miss)}
        {lower !== null && threshold !== undefined && (
          <Offer name={name} threshold={threshold} lower={lower} setThreshold={setThreshold} />
        )}
      </div>
    </li>
  );
}

interface OfferProps extends Pick<NearMissProps, "setThreshold"> {
  readonly name: string;
  readonly threshold: number;
  readonly lower: number;
}

function Offer({ name, threshold, lower, setThreshold }: OfferProps) {
  const [asking, setAsking] = useState(false);
  if (!asking)
    return (
      <button type="button" class="offer" onClick={() => setAsking(true)}>
        Lower to {figure(lower)}
      </button>
    );
  const lowerIt = async (): Promise<void> => {
    await setThreshold(lower);
    setAsking(false);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in, this is a question with two answers
    <div class="question" role="group" aria-label={`Lower the threshold of ${name}`}>
      <p>
        Let {name} fire at {figure(lower)} instead of {figure(threshold)}? It will be missed less often, and heard by
        mistake more often.
      </p>
      <button type="button" class="quiet" onClick={lowerIt}>
        Lower it
      </button>
      <button type="button" class="quiet" onClick={() => setAsking(false)}>
        Leave it
      </button>
    </div>
  );
}

function Age({ ear, atMs }: { readonly ear: Ear; readonly atMs: number }) {
  const age = useComputed(() => {
    void ear.tickMs.value;
    return ago(ear.serverNowMs() - atMs);
  });
  const at = new Date(atMs);
  return (
    <time class="near-miss-age" dateTime={at.toISOString()} title={at.toLocaleString()}>
      {age}
    </time>
  );
}
