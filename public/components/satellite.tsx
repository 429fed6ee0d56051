/** On the page of a relay: which hub decides for it, whether that is there, and what the house does. */
import type { Ear } from "../ear.ts";
import { describeHouse, describeMembers, describeSatellite } from "../satellite.ts";

export function Satellite({ ear }: { readonly ear: Ear }) {
  const state = ear.state.value;
  const satellite = state?.satellite ?? null;
  if (state === null || satellite === null) return null;
  const known = ear.freshness.value === "live";
  // How long it has been moves with the clock.
  void ear.tickMs.value;
  const { headline, connection, meanwhile } = describeSatellite(satellite, ear.serverNowMs());
  const house = describeHouse(satellite);
  return (
    <section
      class="card satellite"
      aria-labelledby="satellite-title"
      data-testid="satellite"
      data-connected={satellite.connected}
    >
      <h2 id="satellite-title">Hub</h2>
      <p>{headline}</p>
      <p class="overall" data-mood={known ? connection.mood : "unknown"}>
        <span class="dot" aria-hidden="true" />
        {known ? connection.word : "Not known"}
      </p>
      {known && connection.detail !== null && <p class="part-detail">{connection.detail}</p>}
      {known && meanwhile !== null && <p>{meanwhile}</p>}
      {known && house !== null && <p data-testid="satellite-house">{house}</p>}
      {known && (
        <ul class="members">
          {describeMembers(satellite).map((member) => (
            <li key={member}>{member}</li>
          ))}
        </ul>
      )}
      <p>
        <a href={satellite.page}>The hub's page</a>
      </p>
    </section>
  );
}
