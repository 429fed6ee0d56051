// docs/protocol.md is what people write relays from: what it says must be so.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readAudioFrame } from "../../src/relay/audio-frame.ts";
import { readFromHub, readFromRelay } from "../../src/relay/messages.ts";
import { TO_HUB } from "../../src/relay/messages-to-hub.ts";
import { TO_RELAY } from "../../src/relay/messages-to-relay.ts";

const root = join(import.meta.dir, "../..");
const doc = readFileSync(join(root, "docs/protocol.md"), "utf8");

describe("docs/protocol.md", () => {
  test("shows conversations whose every message is one", () => {
    const lines = [...doc.matchAll(/^([<>]) (\{.*\})/gm)].map(([, way, json = ""]) => ({ way, json }));
    const whole = lines.filter(({ json }) => !json.includes("..."));
    expect(whole.length).toBeGreaterThan(15);
    for (const { way, json } of whole) {
      if (way === ">") readFromRelay(json);
      else readFromHub(json);
    }
  });

  test("shows a state that is one", () => {
    const [, state = ""] = /```json\n([\s\S]*?)```/.exec(doc) ?? [];
    expect(readFromHub(state).type).toBe("state");
  });

  test("names every message in a heading, and every field of it", () => {
    const headings = [...doc.matchAll(/^### (.+)$/gm)].flatMap(([, names = ""]) => names.split(", "));
    const types = [...Object.keys(TO_HUB), ...Object.keys(TO_RELAY)];
    expect(headings.toSorted()).toEqual(types.toSorted());
    for (const schema of [...Object.values(TO_HUB), ...Object.values(TO_RELAY)]) {
      for (const field of Object.keys(schema.shape)) expect(doc).toMatch(new RegExp(`\\b${field}\\b`));
    }
  });

  test("names every code that the protocol's sources have", () => {
    const sources = [
      ...new Bun.Glob(
        "src/relay/{hub-session,introduction,known-claims,audio-intake,audio-frame,messages,upgrade,connected-relays}.ts",
      ).scanSync(root),
    ];
    expect(sources).toHaveLength(8);
    const codes = sources.flatMap((file) => {
      const source = readFileSync(join(root, file), "utf8");
      const found = source.matchAll(/(?:ProtocolError\(|bad\(|refused\(\s*\d+,|code:)\s*"([a-z_]+)"/g);
      return [...found].map(([, code = ""]) => code);
    });
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) expect(doc).toContain(`\`${code}\``);
  });

  test("shows a frame that is one", () => {
    const [, hex = ""] = /^`(01 01 [0-9a-f ]+)`$/m.exec(doc) ?? [];
    const frame = readAudioFrame(Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")));
    expect(frame).toEqual({
      ...{ kind: "claim", connection: 7, number: 3, sequence: 12, fence: undefined },
      ...{ firstSample: 16_000, atMs: 1234.5, pcm: Int16Array.of(-2) },
    });
  });
});
