/** What the page says on a machine that is itself a relay: microphones are lent to its hub. */
import type { SatelliteView } from "../../src/web/schemas/satellite.ts";
import { Mark } from "../components/mark.tsx";
import { hubAddress } from "../hub-address.ts";
import { Top } from "./microphone-page.tsx";

interface ElsewhereProps {
  readonly satellite: Pick<SatelliteView, "hub" | "hubName" | "page">;
  readonly page: Pick<Location, "hostname" | "pathname">;
}

export function Elsewhere({ satellite, page }: ElsewhereProps) {
  const { hub, hubName } = satellite;
  const { href, onThisMachine } = hubAddress(satellite, page.hostname, page.pathname);
  return (
    <div class="page microphone-page">
      <Top />
      <main>
        <section class="activation" data-mood="unknown">
          <div class="beacon" aria-hidden="true">
            <Mark waves={3} />
          </div>
          <div class="saying">
            <h1 data-testid="lent-status">This machine is a relay{hubName !== null && ` of ${hubName}`}</h1>
            <p class="detail">Microphones are lent to the hub, which decides who answers.</p>
          </div>
        </section>
        <section class="card elsewhere">
          <h2>On the hub</h2>
          <p>
            <a href={href} data-testid="hub-microphone">
              Lend this device's microphone to {hubName ?? "the hub"}
            </a>
          </p>
          <p class="small-print">
            At <code>{href}</code>
          </p>
          {onThisMachine && (
            <p class="small-print">
              The relay knows its hub as <code>{hub}</code>, so the hub runs on this machine too. If that page does not
              open, the hub listens for its own machine only: set <code>web.host</code> there.
            </p>
          )}
        </section>
      </main>
    </div>
  );
}
