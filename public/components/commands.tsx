/** What followed the newest wake words: how each command ended, how long its steps took, and its words where they are to be seen. */
import { useComputed } from "@preact/signals";
import { describeCommand, describeSteps } from "../../src/web/command-words.ts";
import type { CommandView } from "../../src/web/schemas/commands.ts";
import type { ModelView } from "../../src/web/schemas/models.ts";
import type { Ear } from "../ear.ts";
import { seriesColour } from "../palette.ts";
import { ago, spokenName } from "../words.ts";

const SHOWN = 6;

/** Nothing until somebody has said a command. */
export function Commands({ ear }: { readonly ear: Ear }) {
  const state = ear.state.value;
  if (state === null || state.commands.length === 0) return null;
  return (
    <section class="card commands" aria-labelledby="commands-title" data-testid="commands">
      <h2 id="commands-title">Commands</h2>
      <ol>
        {state.commands.slice(0, SHOWN).map((command) => (
          <Command key={command.id} ear={ear} command={command} models={state.models} />
        ))}
      </ol>
    </section>
  );
}

interface CommandProps {
  readonly ear: Ear;
  readonly command: CommandView;
  readonly models: readonly ModelView[];
}

function Command({ ear, command, models }: CommandProps) {
  const { model, room, relay, outcome, state, at, transcript, answer } = command;
  const colour = seriesColour(models.findIndex(({ name }) => name === model));
  const age = useComputed(() => {
    void ear.tickMs.value;
    return ago(ear.serverNowMs() - at);
  });
  const date = new Date(at);
  return (
    <li class="command" data-state={state} data-outcome={outcome ?? "none"} style={{ "--series": colour }}>
      <span class="swatch" aria-hidden="true" />
      <span class="command-sentence">
        <b>{spokenName(models, model)}:</b> {describeCommand(command)}
        {room !== null && room.toLowerCase() !== relay.toLowerCase() && <span class="command-room"> ({room})</span>}
      </span>
      <time dateTime={date.toISOString()} title={date.toLocaleString()}>
        {age}
      </time>
      {(transcript !== null || answer !== null) && (
        <p class="command-words">
          {transcript !== null && <q>{transcript}</q>}
          {answer !== null && <q class="command-answer">{answer}</q>}
        </p>
      )}
      <p class="command-steps">{describeSteps(command)}</p>
    </li>
  );
}
