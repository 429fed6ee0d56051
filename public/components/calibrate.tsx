/** Sets the gains of all microphones by one loud sound, and shows who heard it. */
import { useState } from "preact/hooks";
import { describeCalibration, describeOutcome } from "../../src/web/gain-words.ts";
import type { CalibrationView } from "../../src/web/schemas/calibration.ts";
import type { Actions } from "../actions.ts";
import { playBurst } from "../burst.ts";
import type { Ask } from "./page.tsx";

/** The way to the relays, and the noise of the room before the sound. */
const PLAY_AFTER_MS = 1200;
const LOOK_MS = 400;
/** Earshot is done long before. */
const MOST_LOOKS = 50;

interface CalibrateProps {
  readonly actions: Actions;
  readonly ask: Ask;
}

export function Calibrate({ actions, ask }: CalibrateProps) {
  const [listening, setListening] = useState(false);
  const [oneRoom, setOneRoom] = useState(false);
  const [seen, setSeen] = useState<CalibrationView | null>(null);
  const begin = async (plays: boolean) => {
    setListening(true);
    setSeen(null);
    if (await ask(actions.calibrate(oneRoom))) {
      if (plays) playBurst(PLAY_AFTER_MS);
      for (let looks = 0; looks < MOST_LOOKS; looks++) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        const now = await actions.calibration();
        setSeen(now);
        if (now?.phase === "done") break;
      }
    }
    setListening(false);
  };
  return (
    <details class="calibrate" data-testid="calibrate">
      <summary>Set how loud each microphone is</summary>
      <p>
        All of them listen for 5 s. Make one loud sound in the middle of the room: clap, or let this device play noise
        at its loudest. With microphones in several rooms, do it once in each.
      </p>
      <p>
        <label>
          <input
            type="checkbox"
            checked={oneRoom}
            disabled={listening}
            onChange={({ currentTarget }) => setOneRoom(currentTarget.checked)}
          />{" "}
          All that hear it are in one room (needed where the configuration does not name their rooms)
        </label>
      </p>
      <button type="button" class="quiet" disabled={listening} onClick={() => void begin(true)}>
        Play noise here
      </button>
      <button type="button" class="quiet" disabled={listening} onClick={() => void begin(false)}>
        I will clap
      </button>
      <div role="status" data-testid="calibration">
        {listening && <p>{seen?.phase === "measuring" ? "Measuring" : "Listening: now"}</p>}
        {seen?.phase === "done" && (
          <>
            <p>{describeCalibration(seen)}</p>
            <ul>
              {seen.relays.map((relay) => (
                <li key={relay.id}>
                  {relay.id}: {describeOutcome(relay)}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </details>
  );
}
