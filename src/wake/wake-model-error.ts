/** What can be wrong with a model. */
export type WakeModelErrorCode =
  /** Neither a name of the catalogue nor a path to an `.onnx` file. */
  | "unknown_name"
  /** Two entries would answer to the same name. */
  | "duplicate_name"
  /** The file is not there, or cannot be read. */
  | "missing_file"
  /** The file does not have the hash of the file that was released. */
  | "altered_file"
  /** An ONNX graph, but not one that can serve here. */
  | "wrong_shape"
  /** The file says something of itself that cannot be. */
  | "bad_metadata"
  /** Not an ONNX graph that onnxruntime can open. */
  | "not_onnx";

/** A model that cannot be used: the message says which, why, and what to do. */
export class WakeModelError extends Error {
  override readonly name = "WakeModelError";

  /**
   * @param code for programs
   * @param model the entry as it was asked for: a name, or a path
   */
  constructor(
    readonly code: WakeModelErrorCode,
    readonly model: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The message for those who name the model themselves. */
  get reason(): string {
    const named = `model ${this.model}: `;
    return this.message.startsWith(named) ? this.message.slice(named.length) : this.message;
  }
}
