// A Loqa relay of another runtime (Node) and another protobuf (protobufjs) that sends as it hears: each line of its input is a
// chunk, {audio: base64 of samples of 16 kHz, wake, end}; each line of its output is what it was told.
// Usage: node live-relay.mjs ADDRESS ID
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [address = "", id = ""] = process.argv.slice(2);
const loaded = loadPackageDefinition(
  loadSync(join(import.meta.dirname, "loqa.proto"), { keepCase: true, defaults: true, longs: String }),
);
/** @type {any} */
const { AudioService } = /** @type {any} */ (loaded.loqa).audio;
const client = new AudioService(address, credentials.createInsecure());
const call = client.StreamAudio();

call.on("data", (/** @type {{response_audio: Buffer}} */ { response_audio, ...response }) => {
  console.log(JSON.stringify({ ...response, bytes: response_audio.length }));
});
call.on("status", (/** @type {{code: number, details: string}} */ { code, details }) => {
  console.log(JSON.stringify({ status: code, details }));
  client.close();
});
call.on("error", () => {});
createInterface({ input: process.stdin }).on("line", (line) => {
  const { audio, wake, end } = JSON.parse(line);
  call.write({
    ...{ relay_id: id, sample_rate: 16_000, timestamp: `${Date.now()}000000` },
    ...{ audio_data: Buffer.from(audio, "base64"), is_wake_word: wake, is_end_of_speech: end },
  });
});
