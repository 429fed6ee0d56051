/** Where the microphones of the house will stand, on a hub that has none yet: how it gets one. */
import { isLoopback } from "../hub-address.ts";
import type { Here } from "./page.tsx";

interface InvitationProps {
  /** Of this machine. */
  readonly name: string;
  readonly here: Here;
}

export function Invitation({ name, here }: InvitationProps) {
  const onlyHere = isLoopback(here.hostname);
  const host = onlyHere ? `${name}${here.port === "" ? "" : `:${here.port}`}` : here.host;
  const hub = here.protocol === "https:" ? `https://${host}` : host;
  return (
    <section class="card invitation" aria-labelledby="invitation-title" data-testid="invitation">
      <h2 id="invitation-title">Microphones of the house</h2>
      <p class="empty">None is connected yet, so nobody hears a wake word.</p>
      <div class="ways">
        <div>
          <h3>A machine in another room</h3>
          <ol>
            <li>
              On this machine: <code class="command-line">earshot token add kitchen</code>
            </li>
            <li>
              There, with the token that this prints in <code>kitchen.token</code>:
              <code class="command-line">{`earshot relay --hub ${hub} --token-file kitchen.token`}</code>
            </li>
          </ol>
        </div>
        <div>
          <h3>A phone or a tablet</h3>
          <p>
            Open <a href="/microphone">the microphone's page</a> there, and lend its microphone to the house.
          </p>
        </div>
      </div>
      {onlyHere && (
        <p class="small">
          You reached this page as <code>{here.hostname}</code>. For other machines to reach it, set{" "}
          <code>web.host</code> and <code>web.password</code>.
        </p>
      )}
    </section>
  );
}
