/** On the page of a relay: which hub decides for it, whether that is there, and what everybody in the house is doing. */
import type { Ear } from "../ear.ts";
import { hubAddress } from "../hub-address.ts";
import { describeHouse, describeMembers, describeSatellite } from "../satellite.ts";

interface SatelliteProps {
  readonly ear: Ear;
  /** The name by which this browser reached the machine. */
  readonly here: string;
}

export function Satellite({ ear, here }: SatelliteProps) {
  const state = ear.state.value;
  const satellite = state?.satellite ?? null;
  if (state === null || satellite === null) return null;
  const known = ear.freshness.value === "live";
  // How long it has been moves with the clock.
  void ear.tickMs.value;
  const { headline, connection, meanwhile } = describeSatellite(satellite, ear.serverNowMs());
  const house = describeHouse(satellite);
  const { href, onThisMachine } = hubAddress(satellite, here, "/");
  return (
    <section
      class="card satellite"
      aria-labelledby="satellite-title"
      data-testid="satellite"
      data-connected={satellite.connected}
    >
      <h2 id="satellite-title">Hub</h2>
      <p class="overall" data-mood={known ? connection.mood : "unknown"}>
        <span class="dot" aria-hidden="true" />
        {known ? connection.word : "Not known"}
      </p>
      <a
        class="to-hub"
        href={href}
        title={onThisMachine ? `The hub runs on this machine: ${satellite.hub}` : undefined}
      >
        {satellite.hubName === null ? "The hub's page" : `The page of ${satellite.hubName}`}
      </a>
      <p class="satellite-part">
        {headline} {known && meanwhile}
      </p>
      {known && connection.detail !== null && <p class="satellite-part because">{connection.detail}</p>}
      {known && house !== null && (
        <p class="satellite-part" data-testid="satellite-house">
          {house}
        </p>
      )}
      {known && satellite.house !== null && (
        <ul class="satellite-part members">
          {describeMembers(satellite, state.activation.state === "off").map(({ id, place, mood, word }) => (
            <li key={id} class="microphone" data-mood={mood} data-testid={`member-${id}`}>
              <span class="microphone-name" title={id}>
                <bdi>{id}</bdi>
              </span>
              <span class="microphone-place">{place}</span>
              <p class="microphone-state">
                <span class="dot" aria-hidden="true" />
                {word}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
