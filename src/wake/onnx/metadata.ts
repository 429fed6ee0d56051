/**
 * What an exporter or a trainer wrote about a model into its file: `metadata_props` of ModelProto, pairs of texts.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { bytesOf, readFields, textOf } from "./wire.ts";

const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/**
 * The pairs by their key; the last one counts where a key comes twice.
 *
 * @throws OnnxError
 */
export function readMetadata(model: Uint8Array): ReadonlyMap<string, string> {
  const pairs = readFields(model).filter(({ number }) => number === METADATA_PROPS);
  return new Map(
    pairs.map((pair) => {
      const fields = readFields(bytesOf(pair));
      const textAt = (number: number): string => {
        const field = fields.findLast((one) => one.number === number);
        return field ? textOf(field) : "";
      };
      return [textAt(KEY), textAt(VALUE)];
    }),
  );
}
