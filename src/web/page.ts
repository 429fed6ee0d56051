/**
 * The page, as files in memory. Bun bundles an HTML import only behind a server of its own, which knows neither our
 * password nor our headers: it is asked once for everything, on loopback, and closed again.
 */
import index from "../../public/index.html";

export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** What a bundled file says of another: an absolute path within quotes or brackets. */
const REFERENCE = /["'(](\/[\w.-]+\.(?:js|css|svg|png|ico|webmanifest))["')]/g;

/** @returns each file by its path, the page itself as `/` */
export async function bundlePage(): Promise<ReadonlyMap<string, Asset>> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: { "/": index },
    fetch: notFound,
  });
  try {
    const assets = new Map<string, Asset>();
    const wanted = ["/"];
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (assets.has(path)) continue;
      const response = await fetch(new URL(path, server.url));
      if (!response.ok) continue;
      const body = await response.bytes();
      const type = response.headers.get("content-type") ?? "application/octet-stream";
      assets.set(path, { body, type, etag: `"${Bun.hash(body).toString(36)}"` });
      if (!/html|javascript|css/.test(type)) continue;
      for (const match of new TextDecoder().decode(body).matchAll(REFERENCE)) if (match[1]) wanted.push(match[1]);
    }
    return assets;
  } finally {
    await server.stop(true);
  }
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
