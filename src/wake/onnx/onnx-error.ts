/** What is wrong with bytes that should be an ONNX model. */
export type OnnxErrorCode =
  /** The bytes end in the middle of a field. */
  | "truncated"
  /** Not the wire format of protocol buffers, or not the fields of ONNX. */
  | "malformed"
  /** Graphs within graphs, deeper than any real model. */
  | "too_deep";

/** Bytes that cannot be read as an ONNX model: the message says what and where. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";

  constructor(
    readonly code: OnnxErrorCode,
    message: string,
  ) {
    super(message);
  }
}
