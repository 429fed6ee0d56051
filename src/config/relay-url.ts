/** What people write as the address of a hub, as the WebSocket's address. */

/** Where a hub listens when nothing else is said. */
export const HUB_PORT = 7171;

/** `hall`, `hall:7171`, `http://hall:7171` or `ws://hall:7171/relay`. @throws TypeError when it is none */
export function relayUrl(hub: string): string {
  const spelled = /^[a-z]+:\/\//i.test(hub);
  const url = parsed(spelled ? hub : `ws://${hub}`);
  if (url === undefined) throw new TypeError(`"${hub}" is not the address of a hub`);
  url.protocol = { "http:": "ws:", "https:": "wss:" }[url.protocol] ?? url.protocol;
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw new TypeError(`"${hub}" is not the address of a hub`);
  if (!spelled && url.port === "") url.port = String(HUB_PORT);
  if (url.pathname === "/") url.pathname = "/relay";
  return url.href;
}

/** Where the page of the hub is, for people. */
export function hubPage(hub: string): string {
  const url = new URL(relayUrl(hub));
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  return `${url.origin}/`;
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
