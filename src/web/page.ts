/**
 * The page, as files in memory. Bun bundles an HTML import only behind a server of its own, which knows neither our
 * password nor our headers: it is asked once for everything, on loopback, and closed again.
 */
import index from "../../public/index.html";
import microphone from "../../public/microphone.html";
import soundWorklet from "../../public/sound-worklet.html";

export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** What a bundled file says of another: an absolute path within quotes or brackets. */
const REFERENCE = /["'(](\/[\w.-]+\.(?:js|css|svg|png|ico|webmanifest))["')]/g;

/** @returns each file by its path: the dashboard as `/`, the page that lends its microphone as `/microphone` */
export async function bundlePage(): Promise<ReadonlyMap<string, Asset>> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: { "/": index, "/microphone": microphone, "/sound-worklet": soundWorklet },
    fetch: notFound,
  });
  try {
    const assets = new Map<string, Asset>();
    const wanted = ["/", "/microphone"];
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (assets.has(path)) continue;
      const response = await fetch(new URL(path, server.url));
      if (!response.ok) continue;
      const asset = await assetOf(response);
      assets.set(path, asset);
      if (/html|javascript|css/.test(asset.type)) wanted.push(...referencesIn(asset));
    }
    assets.set("/sound-worklet.js", await scriptOf(new URL("/sound-worklet", server.url)));
    return assets;
  } finally {
    await server.stop(true);
  }
}

/** What runs on the audio thread is asked for by a name that a page can know: Bun's has a hash. */
async function scriptOf(page: URL): Promise<Asset> {
  const [script = ""] = referencesIn(await assetOf(await fetch(page)));
  return assetOf(await fetch(new URL(script, page)));
}

async function assetOf(response: Response): Promise<Asset> {
  const body = await response.bytes();
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  return { body, type, etag: `"${Bun.hash(body).toString(36)}"` };
}

function referencesIn({ body }: Asset): readonly string[] {
  return [...new TextDecoder().decode(body).matchAll(REFERENCE)].flatMap((match) => match[1] ?? []);
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
