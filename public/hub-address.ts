/** Where a browser finds the page of the hub of a relay. */
import type { SatelliteView } from "../src/web/schemas/satellite.ts";

export interface HubAddress {
  readonly href: string;
  /** The relay reaches its hub on its own machine, by an address that means another machine to this browser. */
  readonly onThisMachine: boolean;
}

/**
 * @param here the name by which this browser reached the relay
 * @param path of a page of the hub: `/`, `/microphone`
 */
export function hubAddress({ page }: Pick<SatelliteView, "page">, here: string, path: string): HubAddress {
  const url = new URL(path, page);
  const onThisMachine = isLoopback(url.hostname) && !isLoopback(here);
  if (onThisMachine) url.hostname = here;
  return { href: url.href, onThisMachine };
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
