// A Loqa relay of another runtime (Node) and another protobuf (protobufjs): says a command as often as asked, in the two-chunk form,
// each when the one before was answered, then all it has to say, and prints what it heard as lines of JSON.
// Usage: node node-relay.mjs ADDRESS ID COMMANDS < samples (22,050 Hz, 16-bit little-endian)
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const RATE_HZ = 22_050;
const [address = "", id = "", commands = "1"] = process.argv.slice(2);
const audio = readFileSync(0);
const loaded = loadPackageDefinition(
  loadSync(join(import.meta.dirname, "loqa.proto"), { keepCase: true, defaults: true, longs: String }),
);
/** @type {any} */
const { AudioService } = /** @type {any} */ (loaded.loqa).audio;
const client = new AudioService(address, credentials.createInsecure());
const call = client.StreamAudio();
let said = 0;

call.on("data", (/** @type {{response_audio: Buffer}} */ { response_audio, ...response }) => {
  console.log(JSON.stringify({ ...response, bytes: response_audio.length }));
  if (said < Number(commands)) say();
  else call.end();
});
call.on("status", (/** @type {{code: number}} */ { code }) => {
  console.log(JSON.stringify({ status: code }));
  client.close();
});
call.on("error", () => {});
say();

function say() {
  said++;
  const timestamp = `${Date.now()}000000`;
  const from = { relay_id: id, sample_rate: RATE_HZ, timestamp };
  call.write({ ...from, audio_data: audio.subarray(0, 2 * 2 * RATE_HZ), is_wake_word: true });
  call.write({ ...from, audio_data: audio, is_end_of_speech: true });
}
