/** Whether everything that is needed to notice a wake word is alive, and if not, why. */
import type { WorkerView } from "../../src/web/schemas/health.ts";
import type { AudioView } from "../../src/web/schemas/sound.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import type { Ear } from "../ear.ts";
import {
  describeAudio,
  describeHealth,
  describeSpeaker,
  describeWorker,
  duration,
  hasMicrophone,
  type Wellness,
} from "../words.ts";

const LABELS: Readonly<Record<WorkerView["name"], string>> = {
  capture: "Capture",
  inference: "Inference",
  web: "Page and API",
};

export function Health({ ear }: { readonly ear: Ear }) {
  const fresh = ear.freshness.value === "live";
  const state = fresh ? ear.state.value : null;
  const overall = describeHealth(state?.health ?? null);
  return (
    <section
      class="card health"
      data-testid="health"
      data-status={state?.health.status ?? "unknown"}
      aria-labelledby="health-title"
    >
      <h2 id="health-title">Health</h2>
      <p class="overall" data-mood={overall.mood}>
        <span class="dot" aria-hidden="true" />
        {overall.word}
      </p>
      {state !== null && <Details state={state} />}
    </section>
  );
}

function Details({ state }: { readonly state: StateView }) {
  return (
    <>
      {state.health.reasons.length > 0 && (
        <ul class="reasons">
          {state.health.reasons.map((reason) => (
            <li key={reason.code} data-severity={reason.severity}>
              <p>{reason.message}</p>
              {reason.hint !== undefined && <p class="hint">{reason.hint}</p>}
            </li>
          ))}
        </ul>
      )}
      <dl class="parts">
        <Part label="Microphone" wellness={describeAudio(state.audio)} more={audioFigures(state.audio)} />
        <Part label="Loudspeaker" wellness={describeSpeaker(state.audio)} more={null} />
        {state.health.workers.map((worker) => (
          <Part
            key={worker.name}
            label={LABELS[worker.name]}
            wellness={describeWorker(worker)}
            more={
              worker.name === "inference" && worker.state === "alive" && hasMicrophone(state)
                ? `${Math.round(state.audio.lagMs)} ms behind`
                : null
            }
          />
        ))}
      </dl>
      <p class="running">
        Running for {duration(state.health.uptimeMs)} ·{" "}
        {state.method === "file" ? "state in a file" : "state in shared memory"} · version {state.version}
      </p>
    </>
  );
}

function audioFigures(audio: AudioView): string | null {
  const figures: string[] = [];
  if (audio.state === "open" && audio.sampleRate !== 16_000) figures.push(`resampled from ${audio.sampleRate} Hz`);
  if (audio.reopens > 0)
    figures.push(audio.reopens === 1 ? "opened again once" : `opened again ${audio.reopens} times`);
  if (audio.lostSamples > 0) figures.push(`${audio.lostSamples} samples lost`);
  if (audio.overruns > 0) figures.push(`${audio.overruns} overruns`);
  return figures.length === 0 ? null : figures.join(", ");
}

function Part({
  label,
  wellness,
  more,
}: {
  readonly label: string;
  readonly wellness: Wellness;
  readonly more: string | null;
}) {
  const detail = [wellness.detail, more].filter((text) => text !== null).join(" · ");
  return (
    <div class="part" data-mood={wellness.mood}>
      <dt>{label}</dt>
      <dd>
        <span class="part-word">
          <span class="dot" aria-hidden="true" />
          {wellness.word}
        </span>
        {detail !== "" && <span class="part-detail">{detail}</span>}
      </dd>
    </div>
  );
}
