/** What the page says where a browser gives no microphone to it. */
import { Mark } from "../components/mark.tsx";
import { Top } from "./microphone-page.tsx";

export function Insecure({ page }: { readonly page: Pick<Location, "host" | "hostname" | "pathname"> }) {
  return (
    <div class="page microphone-page">
      <Top />
      <main>
        <section class="activation" data-mood="off">
          <div class="beacon" aria-hidden="true">
            <Mark waves={3} />
          </div>
          <div class="saying">
            <h1 data-testid="lent-status">Browsers give no microphone to this page</h1>
            <p class="detail">It came by plain http. They give one to https pages, and to the hub's own machine.</p>
          </div>
        </section>
        <section class="card steps">
          <h2>On the hub, once</h2>
          <ol>
            <li>
              Make a certificate: <code>earshot tls init</code>
            </li>
            <li>
              Put what it prints into <code>earshot.yaml</code>, and start Earshot again.
            </li>
            <li>
              Open <code>{`https://${page.host}${page.pathname}`}</code> here. The browser warns of a certificate that
              it does not know; <code>earshot tls init</code> says how this device comes to trust it.
            </li>
          </ol>
          <p class="small-print">
            Or, to try it on the hub itself:{" "}
            <code>{`http://localhost:${page.host.split(":")[1] ?? "80"}${page.pathname}`}</code>
          </p>
        </section>
      </main>
    </div>
  );
}
