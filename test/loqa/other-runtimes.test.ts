// Relays that share no line of code with ours: Node's grpc-js with protobufjs, and Python's gRPC where it is installed.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { LoqaHouse, until } from "./loqa-house.ts";
import { bytesOf } from "./loqa-relay.ts";
import { utterance } from "./spoken-words.ts";

const COMMANDS = 5;
const PYTHON = "/usr/bin/python3";
const hasPython = Bun.spawnSync([PYTHON, "-c", "import grpc, google.protobuf"]).exitCode === 0;
if (!hasPython) console.log("skipped: Python's gRPC is not installed (Debian: python3-grpcio python3-protobuf)");

async function served(program: readonly string[]): Promise<void> {
  const house = await LoqaHouse.open();
  const said = utterance(22_050);
  const relay = Bun.spawn([...program, `127.0.0.1:${house.loqa.port}`, "kitchen", String(COMMANDS)], {
    stdin: bytesOf(said),
    stdout: "pipe",
    stderr: "inherit",
  });
  const speech = { pcm: Int16Array.from({ length: 24_000 }, (_, i) => i), sampleRateHz: 24_000 };
  for (let n = 1; n <= COMMANDS; n++) {
    await until(
      () => house.granted.length === n && house.isWhole(house.granted.at(-1)?.fence ?? 0),
      `command ${n}`,
      10_000,
    );
    expect(house.soundOf(house.granted.at(-1)?.fence ?? 0).length).toBe(Math.ceil((said.length * 16_000) / 22_050));
    house.pass(4000);
    const { fence = 0 } = house.granted.at(-1) ?? {};
    house.hub.reply(fence, {
      ...{ kind: n === 2 ? "confirmation" : "answer", text: `Answer ${n}.`, speech },
      ...{ transcription: "turn on the light", command: "light_on" },
    });
    house.hub.finish(fence);
  }
  await until(
    () => {
      house.pass(1);
      return relay.exitCode !== null;
    },
    "it ends",
    10_000,
  );
  const lines = (await new Response(relay.stdout).text()).trim().split("\n");
  const heard = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  await house.close();
  expect(heard.at(-1)).toEqual({ status: 0 });
  const answers = heard.slice(0, -1);
  expect(answers).toHaveLength(COMMANDS);
  expect(answers.map(({ response_text }) => response_text)).toEqual([1, 2, 3, 4, 5].map((n) => `Answer ${n}.`));
  expect(answers[0]).toEqual({
    ...{ request_id: "kitchen", transcription: "turn on the light", command: "light_on", response_text: "Answer 1." },
    ...{ success: true, error: "", audio_format: "wav", audio_duration: 1, bytes: 48_044 },
  });
  expect(answers[1]).toMatchObject({ command: "confirmation_needed", success: true });
}

test(
  "a relay in Node is served over many commands on one stream",
  () => served(["node", join(import.meta.dir, "node-relay.mjs")]),
  30_000,
);

test.skipIf(!hasPython)(
  "a relay in Python is served over many commands on one stream",
  () => served([PYTHON, join(import.meta.dir, "python_relay.py")]),
  30_000,
);
