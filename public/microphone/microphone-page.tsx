/** The page that lends its microphone: what stands where. */
import { useComputed, useSignal } from "@preact/signals";
import { LevelMeter } from "../components/level-meter.tsx";
import { Mark } from "../components/mark.tsx";
import { describeMember } from "../members.ts";
import { complaintOf, type Identity } from "./identity.ts";
import type { LentMicrophone } from "./lent.ts";
import { describeLateness, describeLent } from "./words.ts";

export interface MicrophonePageProps {
  readonly lent: LentMicrophone;
  readonly identity: Identity;
  readonly onLend: (identity: Identity) => void;
  readonly onStop: () => void;
  readonly onTap: () => void;
}

export function MicrophonePage(props: MicrophonePageProps) {
  const { lent, onTap } = props;
  const closed = lent.microphone.value.kind === "closed";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a tap anywhere is what phones want before they let sound through
    // biome-ignore lint/a11y/useKeyWithClickEvents: there are buttons for everything that a person may want
    <div class="page microphone-page" onClick={onTap}>
      <Top />
      <main>
        <Saying {...props} />
        {closed ? <IdentityForm {...props} /> : <Members lent={lent} />}
      </main>
    </div>
  );
}

export function Top() {
  return (
    <header class="top">
      <div class="brand">
        <Mark />
        <span class="brand-name">Earshot</span>
        <span class="machine">Microphone</span>
      </div>
      <a class="to-house" href="/">
        The house
      </a>
    </header>
  );
}

function Saying({ lent, onStop }: MicrophonePageProps) {
  const known = {
    microphone: lent.microphone.value,
    link: lent.link.value,
    turn: lent.turn.value,
    house: lent.house.value,
    houseIsOff: lent.houseIsOff.value,
  };
  // It counts seconds only while it waits; nothing else is to be drawn ten times a second.
  const nowMs = known.link.kind === "away" ? lent.tickMs.value : 0;
  const { mood, headline, detail, hint } = describeLent({ ...known, nowMs });
  const asleep = useComputed(() => false);
  const open = known.microphone.kind === "open";
  const canRetry = known.link.kind === "away" || known.link.kind === "refused";
  return (
    <section class="activation" data-mood={mood} aria-label="What this microphone is doing">
      <div class="beacon" aria-hidden="true">
        <span class="ripple" />
        <span class="ripple" />
        <Mark waves={3} />
      </div>
      <div class="saying" aria-live="polite">
        <h1 data-testid="lent-status">{headline}</h1>
        <p class="detail">{detail}</p>
        {hint !== null && <p class="hint">{hint}</p>}
      </div>
      {known.microphone.kind !== "closed" && (
        <div class="buttons">
          {canRetry && (
            <button type="button" onClick={() => lent.retryNow()}>
              Try now
            </button>
          )}
          <button type="button" onClick={onStop} data-testid="stop">
            Stop
          </button>
        </div>
      )}
      {open && <LevelMeter ear={{ rms: lent.rms, levels: lent.levels, tickMs: lent.tickMs, asleep }} />}
      {open && <LatenessLine lent={lent} />}
    </section>
  );
}

/** By itself: nothing else is to be drawn again with it. */
function LatenessLine({ lent }: { readonly lent: LentMicrophone }) {
  const lateness = lent.lateness.value;
  return (
    <p class="small-print lateness" data-testid="lateness">
      {lateness === null ? "" : describeLateness(lateness)}
    </p>
  );
}

function IdentityForm({ identity, onLend }: MicrophonePageProps) {
  const name = useSignal(identity.name);
  const token = useSignal(identity.token);
  const complaint = useComputed(() => complaintOf({ name: name.value.trim(), token: token.value.trim() }));
  const lend = (event: Event) => {
    event.preventDefault();
    if (complaint.value === undefined) onLend({ name: name.value.trim(), token: token.value.trim(), lent: true });
  };
  return (
    <form class="card identity" onSubmit={lend}>
      <label>
        <span>Name of this microphone</span>
        <input
          value={name.value}
          maxLength={63}
          autocomplete="off"
          disabled={token.value.trim() !== ""}
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value;
          }}
        />
        <small>
          {token.value.trim() === "" ? "As the page of the house will show it." : "The token says the name."}
        </small>
      </label>
      <label>
        <span>Token</span>
        <input
          type="password"
          value={token.value}
          maxLength={200}
          autocomplete="off"
          onInput={({ currentTarget }) => {
            token.value = currentTarget.value;
          }}
        />
        <small>
          Not needed where this page asked for the password, nor on the hub itself. <code>earshot token add NAME</code>{" "}
          on the hub makes one.
        </small>
      </label>
      {complaint.value !== undefined && (
        <p class="complaint" role="alert">
          {complaint.value}
        </p>
      )}
      <button type="submit" class="primary" disabled={complaint.value !== undefined}>
        Lend this microphone
      </button>
      <p class="small-print">
        All that it hears goes to the hub, and nowhere else, until you stop it or close the page. The screen stays on.
      </p>
    </form>
  );
}

function Members({ lent }: { readonly lent: LentMicrophone }) {
  const house = lent.house.value;
  const link = lent.link.value;
  if (house === null || link.kind !== "connected") return null;
  return (
    <section class="card members" aria-labelledby="members-title">
      <h2 id="members-title">In the house</h2>
      <ul>
        {house.relays.map((member) => {
          const { id, room } = member;
          const { mood, word } = describeMember(member, { ...house.activation, hub: link.hub });
          return (
            <li key={id} data-mood={mood} data-testid={`member-${id}`}>
              <span class="member-name" title={id}>
                <bdi>{id}</bdi>
                {id === link.id && <span class="member-self"> (this one)</span>}
              </span>
              <span class="member-room">{room ?? ""}</span>
              <span class="member-word">
                <span class="dot" aria-hidden="true" />
                {word}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
