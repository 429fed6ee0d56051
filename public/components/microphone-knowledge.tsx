/** What was learned of a microphone, and what a person can say to it: that it was moved, that it is to be believed. */
import { describeEvidence, describeGain, describeGainBriefly } from "../../src/web/gain-words.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { Actions } from "../actions.ts";
import type { Ask } from "./page.tsx";

interface KnowledgeProps {
  readonly relay: RelayView;
  readonly actions: Actions;
  readonly ask: Ask;
}

export function MicrophoneKnowledge({ relay: { id, gain, evidence }, actions, ask }: KnowledgeProps) {
  const known = describeGainBriefly(gain);
  const because = describeEvidence(evidence);
  return (
    <>
      {known !== null && (
        <p class="microphone-part" data-testid={`gain-${id}`} title={describeGain(gain) ?? undefined}>
          <span class="gain">{known}</span>
          {gain.movedAt !== null && ", it was moved"}{" "}
          {gain.from === "learned" && (
            <button
              type="button"
              class="link"
              title="It was moved, or has another microphone: learn its gain anew"
              aria-label={`Forget the gain of ${id}`}
              onClick={() => void ask(actions.forgetGain(id))}
            >
              Forget
            </button>
          )}
        </p>
      )}
      {because !== null && (
        <p class="microphone-trouble" data-mood="warn" data-testid={`evidence-${id}`}>
          {because}{" "}
          <button type="button" class="link" onClick={() => void ask(actions.trust(id))}>
            Believe it again
          </button>
        </p>
      )}
    </>
  );
}
