import { expect, test } from "bun:test";
import { decodeG722 } from "../../bench/accuracy/g722.ts";
import { isPropack, unpackPropack } from "../../bench/accuracy/propack.ts";

test("decodeG722() gives the samples of another decoder, saturation included", () => {
  let state = 1;
  const bytes = Uint8Array.from({ length: 20_000 }, () => {
    state = Number((BigInt(state) * 1_103_515_245n + 12_345n) & 0x7f_ff_ff_ffn);
    return (state >> 16) & 255;
  });
  const pcm = decodeG722(bytes);
  expect([...pcm.subarray(0, 8)]).toEqual([-1, 0, 0, -1, -1, 1, -1, -4]);
  // Of the samples that PyPI's G722 1.2.8 makes of the same bytes.
  const sha256 = new Bun.CryptoHasher("sha256").update(new Uint8Array(pcm.buffer)).digest("hex");
  expect(sha256).toBe("e38a850e89ef2ea4b0214ada9353c0de6c910a1b9a4a1dc7eb9db401945f72e2");
});

/** Plain bytes, then so many from so far back. */
interface Step {
  readonly plain: string;
  readonly back?: number;
  readonly length?: number;
}

/** Packs as ProPack does, with codes of four bits for the values 0 to 15. */
function pack(steps: readonly Step[], unpackedLength: number): Uint8Array {
  const bytes: number[] = [0x52, 0x4e, 0x43, 1, ...new Array(14).fill(0)];
  for (let i = 0; i < 4; i++) bytes[4 + i] = (unpackedLength >> (24 - 8 * i)) & 255;
  let [word, used] = [0, 16];
  const write = (value: number, length: number): void => {
    for (let bit = 0; bit < length; bit++) {
      if (used === 16) [word, used] = [bytes.push(0, 0) - 2, 0];
      if ((value >> bit) & 1) bytes[word + (used >> 3)] = (bytes[word + (used >> 3)] ?? 0) | (1 << (used & 7));
      used++;
    }
  };
  const mirrored = (value: number) =>
    Number.parseInt(value.toString(2).padStart(4, "0").split("").reverse().join(""), 2);
  const writeValue = (value: number): void => {
    const code = value < 2 ? value : 32 - Math.clz32(value);
    write(mirrored(code), 4);
    if (value >= 2) write(value - 2 ** (code - 1), code - 1);
  };
  write(0, 2);
  for (let table = 0; table < 3; table++) {
    write(16, 5);
    for (let code = 0; code < 16; code++) write(4, 4);
  }
  write(steps.length, 16);
  steps.forEach(({ plain, back = 1, length = 2 }, index) => {
    writeValue(plain.length);
    bytes.push(...new TextEncoder().encode(plain));
    if (index === steps.length - 1) return;
    writeValue(back - 1);
    writeValue(length - 2);
  });
  return Uint8Array.from([...bytes, 0, 0, 0, 0]);
}

test("unpackPropack() copies plain bytes, and bytes from before, even over themselves", () => {
  const text = "wake word, wake word, oooooooooooo!";
  const packed = pack(
    [{ plain: "wake word, ", back: 11, length: 11 }, { plain: "o", back: 1, length: 11 }, { plain: "!" }],
    text.length,
  );
  expect(isPropack(packed)).toBe(true);
  expect(new TextDecoder().decode(unpackPropack(packed))).toBe(text);
});

test("unpackPropack() refuses what is damaged instead of running on", () => {
  const packed = pack([{ plain: "hello" }], 5);
  packed.fill(0, 18);
  expect(() => unpackPropack(packed)).toThrow("damaged");
});
