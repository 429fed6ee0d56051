/** Who answered the newest wake words, and for whoever wants to know: who claimed them, what was waited for, what decided. */
import { useComputed } from "@preact/signals";
import { describeRound, describeStanding, describeVerdict, describeWait, shownMs } from "../../src/web/round-words.ts";
import type { ModelView } from "../../src/web/schemas/models.ts";
import type { RoundView } from "../../src/web/schemas/rounds.ts";
import type { Ear } from "../ear.ts";
import { hasChoice } from "../house.ts";
import { seriesColour } from "../palette.ts";
import { ago, figure, spokenName } from "../words.ts";

const SHOWN = 6;

export function Rounds({ ear }: { readonly ear: Ear }) {
  const state = ear.state.value;
  if (state === null || !hasChoice(state)) return null;
  return (
    <section class="card rounds" aria-labelledby="rounds-title" data-testid="rounds">
      <h2 id="rounds-title">
        Who answered{" "}
        {state.arbitration.underWay > 0 && (
          <span class="how-many" data-testid="under-way">
            {state.arbitration.underWay} under way
          </span>
        )}
      </h2>
      <ol>
        {state.rounds.slice(0, SHOWN).map((round) => (
          <Round key={round.round} ear={ear} round={round} models={state.models} />
        ))}
      </ol>
    </section>
  );
}

interface RoundProps {
  readonly ear: Ear;
  readonly round: RoundView;
  readonly models: readonly ModelView[];
}

function Round({ ear, round, models }: RoundProps) {
  const { model, outcome } = describeRound(round);
  const colour = seriesColour(models.findIndex(({ name }) => name === model));
  return (
    <li>
      <details class="round" data-phase={round.phase} style={{ "--series": colour }}>
        <summary>
          <span class="swatch" aria-hidden="true" />
          <span class="round-sentence">
            <b>{model === null ? "a wake word" : spokenName(models, model)}:</b> {outcome}
          </span>
          <Age ear={ear} atMs={round.openedAt} />
        </summary>
        <div class="round-parts">
          <div>
            <Claims round={round} />
            <Waits round={round} />
          </div>
          <Ranking verdict={round.verdict} />
        </div>
      </details>
    </li>
  );
}

function Claims({ round }: { readonly round: RoundView }) {
  return (
    <table class="claims">
      <caption>Who claimed it</caption>
      <thead>
        <tr>
          <th scope="col">Microphone</th>
          <th scope="col">Sure</th>
          <th scope="col">Claimed</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {round.claims.map((claim) => (
          <tr key={claim.relayId} data-won={claim.standing === "granted"}>
            <th scope="row">{claim.relayId}</th>
            <td>{figure(claim.confidence)}</td>
            <td title={`The word had ended ${shownMs(claim.arrivedAfterMs - claim.endedAfterMs)} before`}>
              {claim.arrivedAfterMs === 0 ? "first" : `+${shownMs(claim.arrivedAfterMs)}`}
              {claim.seconded && <small title="Not sure by itself: it came near, and another was sure"> asked</small>}
            </td>
            <td>{describeStanding(claim, round.phase)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Waits({ round: { verdict, waitedFor, outOfEarshot, grants } }: { readonly round: RoundView }) {
  // Some were waited for after all, because they heard something later.
  const ignored = outOfEarshot.filter((id) => !waitedFor.some(({ relayId }) => relayId === id));
  const replaced = grants.slice(0, -1).map(({ relayId }) => relayId);
  return (
    <div class="waits">
      <h3>What was waited for</h3>
      <ul>
        {waitedFor.map((wait) => (
          <li key={wait.relayId}>
            <b>{wait.relayId}</b> {describeWait(wait)}.
          </li>
        ))}
        {ignored.length > 0 && (
          <li>
            Not for <b>{ignored.join(", ")}</b>: nothing was heard there.
          </li>
        )}
        {waitedFor.length + ignored.length === 0 && <li>Nobody else was connected.</li>}
      </ul>
      {verdict !== null && (
        <p>
          Settled after {shownMs(verdict.afterMs)}. {describeVerdict(verdict.because)}
          {replaced.length > 0 && ` ${replaced.join(", ")} was to answer first, and sent no sound.`}
        </p>
      )}
    </div>
  );
}

function Ranking({ verdict }: Pick<RoundView, "verdict">) {
  if (verdict === null) return <p class="empty">Not settled yet.</p>;
  const [best] = verdict.ranking;
  return (
    <table class="ranking">
      <caption>{verdict.ranking.length > 1 ? "What decided" : "What was measured"}</caption>
      {verdict.ranking.map(({ relayId, score, terms }) => (
        <tbody key={relayId} data-won={relayId === best?.relayId}>
          <tr>
            <th scope="rowgroup">{relayId}</th>
            <td class="points">{points(score)}</td>
          </tr>
          {terms.map(({ name, value, because }) => (
            <tr key={name} class="term">
              <th scope="row">
                {name} <span class="because">{because}</span>
              </th>
              <td class="points">{points(value)}</td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

/** With a sign, so that for and against are told apart. */
function points(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value).toFixed(2);
  return size === "0.00" ? size : `${value < 0 ? "−" : "+"}${size}`;
}

function Age({ ear, atMs }: { readonly ear: Ear; readonly atMs: number }) {
  const age = useComputed(() => {
    void ear.tickMs.value;
    return ago(ear.serverNowMs() - atMs);
  });
  const at = new Date(atMs);
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {age}
    </time>
  );
}
