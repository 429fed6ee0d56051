/** Each model: its score as it moves, its threshold, and the last minute of all of them. */
import type { Actions } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { seriesColour } from "../palette.ts";
import { hasMicrophone } from "../words.ts";
import { ModelRow } from "./model-row.tsx";
import type { Ask } from "./page.tsx";
import { ScorePlot } from "./score-plot.tsx";

interface WakeWordsProps {
  readonly ear: Ear;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function WakeWords({ ear, actions, ask }: WakeWordsProps) {
  const state = ear.state.value;
  const models = state?.models ?? [];
  return (
    <section class="card wake-words" aria-labelledby="wake-words-title">
      <h2 id="wake-words-title">Wake words</h2>
      {state !== null && models.length === 0 && (
        <p class="empty">
          No model is loaded. <code>earshot models</code> lists what there is.
        </p>
      )}
      <ul class="models">
        {models.map((model, index) => (
          <ModelRow
            key={model.name}
            ear={ear}
            model={model}
            colour={seriesColour(index)}
            setModel={(change) => ask(actions.setModel(model.name, change))}
          />
        ))}
      </ul>
      {(state === null || hasMicrophone(state)) && <ScorePlot ear={ear} />}
    </section>
  );
}
