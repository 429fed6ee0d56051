/** What was heard last. */
import { useComputed } from "@preact/signals";
import type { DetectionView } from "../../src/web/schemas/detections.ts";
import type { Actions } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { seriesColour } from "../palette.ts";
import { ago, figure, invitation, spokenName } from "../words.ts";
import { NearMisses } from "./near-misses.tsx";
import type { Ask } from "./page.tsx";

const SHOWN = 6;
const DAY_MS = 86_400_000;

interface DetectionsProps {
  readonly ear: Ear;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function Detections({ ear, actions, ask }: DetectionsProps) {
  const state = ear.state.value;
  const detections = state?.detections ?? [];
  const models = state?.models ?? [];
  return (
    <section class="card" aria-labelledby="detections-title">
      <h2 id="detections-title">Last heard</h2>
      {detections.length === 0 ? (
        <p class="empty">{state === null ? "–" : `Nothing yet. ${invitation(models) ?? ""}`}</p>
      ) : (
        <ol class="detections">
          {detections.slice(0, SHOWN).map((detection, index) => (
            <Detection
              key={`${detection.id} ${detection.timestamp}`}
              ear={ear}
              detection={detection}
              name={spokenName(models, detection.model)}
              colour={seriesColour(models.findIndex((model) => model.name === detection.model))}
              isLast={index === 0}
            />
          ))}
        </ol>
      )}
      <NearMisses ear={ear} actions={actions} ask={ask} />
    </section>
  );
}

interface DetectionProps {
  readonly ear: Ear;
  readonly detection: DetectionView;
  readonly name: string;
  readonly colour: string;
  readonly isLast: boolean;
}

function Detection({ ear, detection, name, colour, isLast }: DetectionProps) {
  const age = useComputed(() => {
    void ear.tickMs.value;
    return ago(ear.serverNowMs() - detection.timestamp);
  });
  const at = new Date(detection.timestamp);
  const isOld = ear.serverNowMs() - detection.timestamp > DAY_MS;
  return (
    <li class="detection" style={{ "--series": colour }} {...(isLast ? { "data-testid": "last-detection" } : {})}>
      <span class="swatch" aria-hidden="true" />
      <span class="detection-name">
        {name}
        <Source name={detection.source} />
        {detection.simulated && <span class="tag">simulated</span>}
      </span>
      <span class="detection-age">{age}</span>
      <span class="detection-confidence" title={`Threshold ${figure(detection.threshold)}`}>
        confidence {figure(detection.confidence)}
      </span>
      <time dateTime={at.toISOString()} title={at.toLocaleString()}>
        {isOld ? at.toLocaleDateString() : at.toLocaleTimeString()}
      </time>
    </li>
  );
}

/** Which microphone from elsewhere heard it; nothing for the local one. */
export function Source({ name }: { readonly name: string | null }) {
  return name === null ? null : <span class="source">{name}</span>;
}
