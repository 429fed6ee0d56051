import { describe, expect } from "bun:test";
import { join } from "node:path";
import { SharedConfig } from "../../../src/config/shared-config.ts";
import { CATALOGUE } from "../../../src/wake/catalogue.ts";
import { modelPath } from "../../../src/wake/model-files.ts";
import { HttpServer } from "../../command/http-server.ts";
import { until } from "../thread-rig.ts";
import { inferenceWorker } from "./inference-worker.ts";
import { ownFolder } from "./own-folder.ts";
import { answered } from "./spoken-command.ts";
import { turningOf } from "./turning.ts";
import { webWorker } from "./web-worker.ts";

const turning = turningOf("wake");
const at = ownFolder();

describe("in the inference worker", () => {
  const { noticed, heard, memory } = inferenceWorker();

  /** The head for "alexa" in a file of the user's. */
  async function copied(name: string): Promise<string> {
    const file = at(name);
    await Bun.write(file, Bun.file(await modelPath("alexa_v0.1.onnx")));
    return file;
  }

  const rows = () => {
    const { count } = memory().modelTable.reader().read();
    return Array.from({ length: count }, (_, index) => {
      const { name, state, source } = memory().model(index).reader().read();
      return { name, state, source };
    });
  };

  turning("wake.models.*.enabled", async () => {
    expect(await noticed("wake: {models: {alexa: {}, timer: {enabled: false}}}")).toEqual(["alexa"]);
    expect(rows().map(({ name, state }) => [name, state])).toEqual([
      ["alexa", "listening"],
      ["timer", "disabled"],
    ]);
    const timer = CATALOGUE.find(({ name }) => name === "timer");
    const { threshold, licence } = memory().model(1).reader().read();
    expect({ threshold, licence }).toEqual({ threshold: timer?.threshold ?? 0, licence: timer?.licence ?? "" });
    expect(await noticed("wake: {models: {alexa: {enabled: false}, timer: {}}}")).toEqual([]);
    expect(rows()[0]).toMatchObject({ name: "timer", state: "listening" });
  });

  turning("wake.models.*.threshold", async () => {
    expect(await noticed("wake: {models: {alexa: {threshold: 0.5}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {threshold: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.patience", async () => {
    expect(await noticed("wake: {models: {alexa: {patience: 2, sure: 1}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.refractory", async () => {
    expect(await noticed("wake: {models: {alexa: {refractory: 0}}}", { times: 2 })).toEqual(["alexa", "alexa"]);
    expect(await noticed("wake: {models: {alexa: {refractory: 60s}}}", { times: 2 })).toEqual(["alexa"]);
  });

  turning("wake.models.*.sure", async () => {
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 0.5}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.vad_threshold", async () => {
    expect(await noticed("wake: {vad_threshold: 1, models: {alexa: {vad_threshold: 0}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {vad_threshold: 0, models: {alexa: {vad_threshold: 1}}}")).toEqual([]);
  });

  turning("wake.vad_threshold", async () => {
    expect(await noticed("wake: {vad_threshold: 0, models: {alexa: {}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {vad_threshold: 1, models: {alexa: {}}}")).toEqual([]);
  });

  turning("wake.models.*.input_scale", async () => {
    const file = await copied("scaled.onnx");
    const confidence = async (scale: string) =>
      (await heard(`wake: {models: {scaled: {file: "${file}", threshold: 0.01${scale}}}}`))[0]?.confidence ?? 0;
    const unsaid = await confidence("");
    expect(await confidence(", input_scale: int16")).toBeCloseTo(unsaid, 6);
    expect(await confidence(", input_scale: unit")).not.toBeCloseTo(unsaid, 6);
  });

  turning("wake.energy_gate", async () => {
    const score = memory().score(0).reader();
    const yaml = (gate: boolean) => `wake: {energy_gate: ${gate}, models: {alexa: {}}}`;
    await noticed(yaml(true), { times: 0 });
    expect(score.read().asleep).toBe(true);
    await noticed(yaml(false), { times: 0 });
    expect(score.read().asleep).toBe(false);
    expect(await noticed(yaml(true))).toEqual(["alexa"]);
  });

  turning("wake.models.*.file", async () => {
    expect(await noticed(`wake: {models: {my_word: {file: "${await copied("my_word.onnx")}"}}}`)).toEqual(["my_word"]);
    expect(rows()).toMatchObject([{ name: "my_word", state: "listening" }]);
    expect(await noticed(`wake: {models: {my_word: {file: "${await modelPath("weather_v0.1.onnx")}"}}}`)).toEqual([]);
  });

  turning("wake.rms_filter", async () => {
    const yaml = (filter: number) => `wake: {rms_filter: ${filter}, models: {alexa: {}}}`;
    expect(await noticed(yaml(3000), { loudest: 0.1 })).toEqual(["alexa"]);
    expect(await noticed(yaml(3500), { loudest: 0.1 })).toEqual([]);
  });

  turning("wake.cooldown", async () => {
    const yaml = (cooldown: string) => `wake: {cooldown: ${cooldown}, models: {alexa: {refractory: 0}}}`;
    expect(await noticed(yaml("0s"), { times: 2 })).toEqual(["alexa", "alexa"]);
    expect(await noticed(yaml("10m"), { times: 2 })).toEqual(["alexa"]);
  });

  turning("wake.multi_trigger", async () => {
    const twin = `twin: {file: "${await copied("twin.onnx")}"}`;
    const yaml = (multi: boolean) => `wake: {multi_trigger: ${multi}, models: {alexa: {}, ${twin}}}`;
    expect(await noticed(yaml(true))).toEqual(["alexa", "twin"]);
    expect(await noticed(yaml(false))).toHaveLength(1);
  });
});

describe("in the web worker", () => {
  const { change, memory } = webWorker(at);

  turning("wake.models_folder", async () => {
    const shared = new SharedConfig(memory().configuration.reader());
    const [one, two] = [at("heads one"), at("heads two")];
    await Bun.write(join(one, "computer.onnx"), "of one");
    await Bun.write(join(two, "marvin.onnx"), "of two");
    const found = () => {
      shared.changed();
      return shared.found.map(({ name }) => name).join();
    };
    await change({ wake: { models_folder: one } });
    await until("the one's heads are known", () => found() === "computer");
    await change({ wake: { models_folder: two } });
    await until("the other's heads are known", () => found() === "marvin");
    await change({ wake: { models_folder: null } });
  });
});

describe("after a verdict", () => {
  turning("wake.models.*.topic", async () => {
    const topicOf = async (models: string) => {
      const { asked } = await answered({ sink: { kind: "orac", url: "URL", transport: "multipart" } }, models);
      return asked.map(({ path }) => path).find((path) => path.startsWith("/stt/v1/stream/"));
    };
    expect(await topicOf("{alexa: {}}")).toBe("/stt/v1/stream/general");
    expect(await topicOf("{alexa: {topic: lights}}")).toBe("/stt/v1/stream/lights");
  });

  turning("wake.models.*.webhook_url", async () => {
    using told = new HttpServer(() => new Response("ok"));
    await answered({}, "{alexa: {}}");
    const { spoken } = await answered({}, `{alexa: {webhook_url: "${told.url}/hook"}}`);
    await spoken.until("it is told", () => told.asked.length === 1);
    expect(told.asked[0]?.path).toBe("/hook");
  });
});
