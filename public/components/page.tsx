/** The page as a whole: what stands where. */
import type { Actions, Notice } from "../actions.ts";
import type { Ear } from "../ear.ts";
import { hasMicrophone } from "../words.ts";
import { Activation } from "./activation.tsx";
import { Commands } from "./commands.tsx";
import { ConnectionChip } from "./connection.tsx";
import { DemoBanner } from "./demo-banner.tsx";
import { Detections } from "./detections.tsx";
import { Health } from "./health.tsx";
import { Mark } from "./mark.tsx";
import { Microphones } from "./microphones.tsx";
import { Notices } from "./notices.tsx";
import { Rounds } from "./rounds.tsx";
import { Satellite } from "./satellite.tsx";
import { WakeWords } from "./wake-words.tsx";

export interface PageProps {
  readonly ear: Ear;
  readonly actions: Actions;
  /** By which address this browser reached the machine. */
  readonly here: Here;
  readonly retryNow: () => void;
}

export type Here = Pick<Location, "protocol" | "host" | "hostname" | "port">;

export function Page({ ear, actions, here, retryNow }: PageProps) {
  const ask = async (action: Promise<Notice | null>): Promise<boolean> => {
    const notice = await action;
    if (notice !== null) ear.notify(notice);
    return notice === null;
  };
  return (
    <div class="page">
      <header class="top">
        <div class="brand">
          <Mark />
          <span class="brand-name">Earshot</span>
          <Machine ear={ear} />
        </div>
        <ConnectionChip ear={ear} retryNow={retryNow} />
      </header>
      <main>
        <DemoBanner ear={ear} />
        <Activation ear={ear} actions={actions} ask={ask} />
        <Cards ear={ear} actions={actions} here={here} ask={ask} />
      </main>
      <Foot ear={ear} />
      <Notices ear={ear} />
    </div>
  );
}

/** What is heard here first; on a hub that has no microphone, the house first. */
function Cards({ ear, actions, here, ask }: Omit<PageProps, "retryNow"> & { readonly ask: Ask }) {
  const state = ear.state.value;
  const house = (
    <>
      <Microphones ear={ear} actions={actions} here={here} ask={ask} />
      <Rounds ear={ear} />
      <Commands ear={ear} />
    </>
  );
  const words = <WakeWords ear={ear} actions={actions} ask={ask} />;
  const hears = state === null || hasMicrophone(state);
  return (
    <div class="cards" data-house={!hears}>
      {!hears && house}
      {words}
      {hears && <Detections ear={ear} actions={actions} ask={ask} />}
      <Satellite ear={ear} here={here.hostname} />
      {hears && house}
      <Health ear={ear} />
    </div>
  );
}

/** Runs an action, tells the user of a refusal, and answers whether it was done. */
export type Ask = (action: Promise<Notice | null>) => Promise<boolean>;

function Machine({ ear }: { readonly ear: Ear }) {
  const state = ear.state.value;
  if (state === null) return null;
  return (
    <span class="machine" title={`Earshot ${state.version}`}>
      {state.name}
    </span>
  );
}

/** Only a hub takes microphones. */
function Foot({ ear }: { readonly ear: Ear }) {
  if (ear.state.value === null || ear.state.value.satellite !== null) return null;
  return (
    <footer class="foot">
      <a href="/microphone">Lend this device's microphone to the house</a>
    </footer>
  );
}
