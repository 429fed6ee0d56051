import { expect, test } from "bun:test";
import { openSource } from "../../src/audio/open-source.ts";
import { parseSource, SourceError } from "../../src/audio/source.ts";

test("parseSource() knows the default device, an index and a name", () => {
  expect(parseSource("default")).toEqual({ kind: "device", device: "default" });
  expect(parseSource("3")).toEqual({ kind: "device", device: 3 });
  expect(parseSource(" USB PnP: Audio (hw:1,0) ")).toEqual({
    kind: "device",
    device: { name: "USB PnP: Audio (hw:1,0)" },
  });
});

test("parseSource() knows a file, and a file in a loop", () => {
  expect(parseSource("file:a b.wav")).toEqual({ kind: "file", path: "a b.wav", loop: false });
  expect(parseSource("file:/x/what?.wav?loop")).toEqual({ kind: "file", path: "/x/what?.wav", loop: true });
});

test("parseSource() knows standard input", () => {
  expect(parseSource("stdin")).toEqual({ kind: "stdin" });
});

test("parseSource() knows that none is wanted, and openSource() opens none", async () => {
  expect(parseSource("none")).toEqual({ kind: "none" });
  expect(await openSource("none", () => 0).catch((error: Error) => error.message)).toStartWith(
    'the audio source is "none": name one',
  );
});

test("parseSource() says what is wrong with nothing at all and with a file without a name", () => {
  expect(() => parseSource("  ")).toThrow(SourceError);
  expect(() => parseSource("")).toThrow('the audio source is empty: give "default"');
  expect(() => parseSource("file:")).toThrow('"file:" names no file');
  expect(() => parseSource("file:?loop")).toThrow('"file:?loop" names no file');
});
