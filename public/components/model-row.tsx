/** One model: score, threshold and switch. The score's bar and the threshold's slider share one scale, 0..1. */
import { useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ModelView } from "../../src/web/schemas/models.ts";
import type { Ear } from "../ear.ts";
import { countRecent } from "../near-misses.ts";
import { describeModelState, figure, spokenName } from "../words.ts";

interface ModelRowProps {
  readonly ear: Ear;
  readonly model: ModelView;
  readonly colour: string;
  /** Answers whether the change was taken. */
  readonly setModel: (change: { readonly threshold: number } | { readonly enabled: boolean }) => Promise<boolean>;
}

/** Arrow keys change the slider step by step: only where it comes to rest is sent. */
const REST_MS = 300;

export function ModelRow({ ear, model, colour, setModel }: ModelRowProps) {
  const name = spokenName([model], model.name);
  const status = describeModelState(model);
  return (
    <li class="model" style={{ "--series": colour }} data-state={model.state}>
      <div class="model-head">
        <span class="swatch" aria-hidden="true" />
        <h3>{name}</h3>
        {model.state !== "listening" && (
          <span class="tag" data-mood={status.mood}>
            {status.word}
          </span>
        )}
        <NearlyHeard ear={ear} model={model.name} />
        <button
          type="button"
          class="switch"
          role="switch"
          aria-checked={model.enabled}
          aria-label={`Listen for ${name}`}
          onClick={() => setModel({ enabled: !model.enabled })}
        >
          <span aria-hidden="true" />
        </button>
      </div>
      {status.detail !== null && <p class="model-error">{status.detail}</p>}
      <div class="model-scale">
        <Score ear={ear} model={model} name={name} />
        <Threshold model={model} name={name} setModel={setModel} />
      </div>
    </li>
  );
}

function NearlyHeard({ ear, model }: { readonly ear: Ear; readonly model: string }) {
  const times = useComputed(() => {
    void ear.tickMs.value;
    return countRecent(ear.state.value?.nearMisses ?? [], model, ear.serverNowMs());
  }).value;
  if (times === null) return null;
  return (
    <span class="nearly" title="In the last hour. What was missing stands under “Last heard”.">
      nearly heard {times}
    </span>
  );
}

function Score({ ear, model, name }: { readonly ear: Ear; readonly model: ModelView; readonly name: string }) {
  const listening = model.state === "listening";
  const score = useComputed(() => (ear.scoresLive.value ? (ear.levels.value?.scores[model.name] ?? null) : null)).value;
  const shown = listening ? score : null;
  return (
    <>
      <output class="score" data-testid={`score-${model.name}`} data-live={shown !== null} aria-live="off">
        {shown === null ? "–" : figure(shown)}
      </output>
      {/* biome-ignore lint/a11y/useSemanticElements: the meter element cannot be drawn alike in every browser */}
      <div
        class="bar"
        role="meter"
        aria-label={`Score of ${name}`}
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={shown ?? 0}
        aria-valuetext={shown === null ? "not known" : figure(shown)}
        data-over={shown !== null && shown >= model.threshold}
      >
        <span class="fill" style={{ transform: `scaleX(${shown ?? 0})` }} />
      </div>
    </>
  );
}

function Threshold({ model, name, setModel }: Pick<ModelRowProps, "model" | "setModel"> & { readonly name: string }) {
  const [draft, setDraft] = useState<number | null>(null);
  const sent = useRef<number | null>(null);

  // The server's word ends a draft, whoever changed the threshold; but not that of an earlier one for one that is newer.
  useEffect(() => {
    const isEarlier = model.threshold === sent.current;
    setDraft((newest) => (isEarlier && newest !== model.threshold ? newest : null));
  }, [model.threshold]);

  useEffect(() => {
    if (draft === null || draft === model.threshold) return;
    const timer = setTimeout(async () => {
      sent.current = draft;
      if (!(await setModel({ threshold: draft }))) setDraft((newest) => (newest === draft ? null : newest));
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [draft]);

  const value = draft ?? model.threshold;
  return (
    <>
      <input
        class="threshold"
        type="range"
        min={0.01}
        max={0.99}
        step={0.01}
        value={value}
        aria-label={`Threshold of ${name}`}
        aria-valuetext={figure(value)}
        onInput={(event) => setDraft(event.currentTarget.valueAsNumber)}
      />
      <span class="threshold-figure" data-draft={draft !== null}>
        fires at {figure(value)}
      </span>
    </>
  );
}
