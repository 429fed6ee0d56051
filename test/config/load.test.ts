import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { overridesFromEnvironment } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configOf, problemsIn, refusalOf } from "./sources.ts";

const environment = (variables: Record<string, string>) => overridesFromEnvironment(variables);
const flag = (value: unknown, ...path: string[]) => ({ path, value, origin: `--${path.at(-1)}` });

describe("the layers of the configuration", () => {
  test("are defaults where nothing is said", () => {
    const config = configOf(undefined);
    const closed = { tls: {}, loopback_needs_token: false, origins: [] };
    expect(config.web).toEqual({ host: "127.0.0.1", port: 7171, ...closed });
    expect(config.activation_system).toEqual({
      method: "shared_memory",
      update_rate: 100,
      file: "/dev/shm/earshot/activation.json",
    });
    expect(Object.keys(config.wake.models)).toEqual(["alexa", "hey_jarvis"]);
    expect(config.wake.models.alexa).toEqual({ enabled: true, patience: 2, refractory: 2000, sure: 0.95 });
  });

  test.each(["", "# nothing but a comment\n", "---\n", "~\n"])("are defaults where the file is %j", (text) => {
    expect(configOf(text)).toEqual(configOf(undefined));
  });

  test("let the environment win over the file, and a flag over both", () => {
    const file = "web:\n  port: 1000\n";
    const variables = environment({ EARSHOT_WEB__PORT: "2000" });
    expect(configOf(file).web.port).toBe(1000);
    expect(configOf(file, variables).web.port).toBe(2000);
    expect(configOf(file, [...variables, flag(3000, "web", "port")]).web.port).toBe(3000);
  });

  test("leave what the higher layer does not name", () => {
    const config = configOf("audio:\n  gain: 6\n", environment({ EARSHOT_AUDIO__SOURCE: "USB" }));
    expect(config.audio).toEqual({ gain: 6, source: "USB", output: "default", muted: false });
  });

  test("give a variable that names one model's setting to that model and keep the default ones", () => {
    const { models } = configOf(undefined, environment({ EARSHOT_WAKE__MODELS__ALEXA__THRESHOLD: "0.7" })).wake;
    expect(models.alexa?.threshold).toBe(0.7);
    expect(Object.keys(models)).toEqual(["alexa", "hey_jarvis"]);
  });

  test("give --threshold to every model, those of the file and those that stand alone in it too", () => {
    const threshold = flag(0.4, "wake", "models", "*", "threshold");
    const { models } = configOf("wake:\n  models:\n    alexa:\n    timer: {threshold: 0.9}\n", [threshold]).wake;
    expect(models.alexa?.threshold).toBe(0.4);
    expect(models.timer?.threshold).toBe(0.4);
    expect(configOf(undefined, [threshold]).wake.models.hey_jarvis?.threshold).toBe(0.4);
  });

  test("listen with --model for those models alone, with what the file says of them, switched on", () => {
    const file = "wake:\n  models:\n    alexa: {patience: 3, enabled: false}\n    timer: {}\n";
    const { models } = configOf(file, [], ["alexa", "weather"]).wake;
    expect(Object.keys(models)).toEqual(["alexa", "weather"]);
    expect(models.alexa).toMatchObject({ enabled: true, patience: 3 });
  });

  test("take a model named without anything behind it as that model with the defaults", () => {
    expect(configOf("wake:\n  models:\n    timer:\n").wake.models).toEqual({
      timer: { enabled: true, patience: 2, refractory: 2000, sure: 0.95 },
    });
  });

  test("read a device's index as its text", () => {
    expect(configOf("audio:\n  source: 2\n").audio.source).toBe("2");
    expect(configOf(undefined, environment({ EARSHOT_AUDIO__SOURCE: "2" })).audio.source).toBe("2");
  });

  test("keep a password of digits as text when it comes from the environment", () => {
    expect(configOf(undefined, environment({ EARSHOT_WEB__PASSWORD: "12345678" })).web.password).toBe("12345678");
  });

  test("take a list from the environment with commas", () => {
    const origins = (text: string) => configOf(undefined, environment({ EARSHOT_WEB__ORIGINS: text })).web.origins;
    expect(origins("https://panel.local:8123, http://localhost:3000")).toEqual([
      "https://panel.local:8123",
      "http://localhost:3000",
    ]);
    expect(origins("")).toEqual([]);
  });

  test("take no origin that is none", () => {
    for (const no of ["panel.local", "https://panel.local/", "https://Panel.local", "*", "null", "file://"]) {
      expect(() => configOf(JSON.stringify({ web: { origins: [no] } }))).toThrow("an origin, as https://");
    }
  });

  test("look for a certificate beside the file, and for its key with it", () => {
    const { tls } = configOf("web: {tls: {cert: a.crt, key: /etc/b.key}}").web;
    expect(tls).toEqual({ cert: resolve("a.crt"), key: "/etc/b.key" });
    expect(() => configOf("web: {tls: {cert: a.crt}}")).toThrow("web.tls.key is missing");
  });

  test("take LOG_LEVEL in any case, and leave variables of other programs alone", () => {
    const variables = environment({ LOG_LEVEL: "DEBUG", PATH: "/bin", EARSHOT_CONFIG: "x.yaml", EARSHOTS: "1" });
    expect(configOf(undefined, variables)).toEqual({ ...configOf(undefined), log: { level: "debug", format: "text" } });
  });

  test("take ARBITRATION_WINDOW_DURATION and MAX_CONCURRENT_RELAYS, as hubs of this kind call them", () => {
    const variables = environment({ ARBITRATION_WINDOW_DURATION: "250ms", MAX_CONCURRENT_RELAYS: "12" });
    expect(configOf(undefined, variables).arbitration).toMatchObject({ window: 250, max_relays: 12 });
    const seeds = environment({ ARBITRATION_WINDOW_DURATION: "300ms", MAX_CONCURRENT_RELAYS: "10" });
    expect(configOf("arbitration: {window: 1s, max_relays: 3}", seeds)).toEqual(configOf(undefined));
  });

  test("refuse a window that is no duration by the name it was given under", () => {
    const variables = environment({ ARBITRATION_WINDOW_DURATION: "soon" });
    expect(problemsIn(() => configOf(undefined, variables)).map(({ where }) => where)).toEqual([
      "ARBITRATION_WINDOW_DURATION",
    ]);
  });
});

describe("durations", () => {
  test.each([
    ["300ms", 300],
    ["2s", 2000],
    ["1.5s", 1500],
    ["0.5m", 30_000],
    ["2 s", 2000],
    ["250", 250],
    [250, 250],
  ])("%p is %p ms", (text, ms) => {
    expect(configOf(`activation:\n  hold: ${text}\n`).activation.hold).toBe(ms);
    expect(configOf(undefined, environment({ EARSHOT_ACTIVATION__HOLD: String(text) })).activation.hold).toBe(ms);
  });

  test.each(['"2 hours"', '"fast"', '""', '"-1s"', "true", "[1]", ".nan", ".inf"])("%s is none", (text) => {
    const [line, ...more] = refusalOf(() => configOf(`activation:\n  hold: ${text}\n`));
    expect(line).toStartWith("earshot.yaml:2:9: activation.hold: ");
    expect(more).toEqual([]);
  });

  test("out of bounds are refused with the bounds", () => {
    expect(refusalOf(() => configOf("activation_system:\n  update_rate: 5ms\n"))).toEqual([
      "earshot.yaml:2:16: activation_system.update_rate: a duration from 20 ms to 60000 ms",
    ]);
  });
});

describe("a complaint", () => {
  test("about an unknown key has line, column and the nearest name", () => {
    expect(refusalOf(() => configOf("audio:\n  gain: 3\n  gian: 4\n"))).toEqual([
      'earshot.yaml:3:3: no such setting: "audio.gian", did you mean "gain"?',
    ]);
  });

  test("about an unknown key that is near nothing lists what is known there", () => {
    expect(refusalOf(() => configOf("log:\n  xyzzyplugh: 4\n"))).toEqual([
      'earshot.yaml:2:3: no such setting: "log.xyzzyplugh", known here: level, format',
    ]);
  });

  test("about an unknown setting of a model points at it", () => {
    expect(refusalOf(() => configOf("wake:\n  models:\n    alexa: {treshold: 0.4}\n"))).toEqual([
      'earshot.yaml:3:13: no such setting: "wake.models.alexa.treshold", did you mean "threshold"?',
    ]);
  });

  test("about a model's name says what a name may be", () => {
    expect(refusalOf(() => configOf("wake:\n  models:\n    hey jarvis: {}\n"))).toEqual([
      `earshot.yaml:3:5: "hey jarvis": a model's name has letters, digits, _ . - and no spaces`,
    ]);
  });

  test("about a variable names the variable and the nearest setting", () => {
    expect(refusalOf(() => configOf(undefined, environment({ EARSHOT_WEB__PROT: "80" })))).toEqual([
      'EARSHOT_WEB__PROT: no such setting: "web.prot", did you mean "port"?',
    ]);
    expect(refusalOf(() => configOf(undefined, environment({ EARSHOT_WEB__PORT: "many" })))[0]).toStartWith(
      "EARSHOT_WEB__PORT: web.port: ",
    );
  });

  test.each([
    ["EARSHOT_AUDIO__GAIN__LEFT", "audio:\n  gain: 3\n"],
    ["EARSHOT_AUDIO__GAIN__LEFT", undefined],
    ["EARSHOT_WEB__PORT__X__Y", "web:\n  port: 1\n"],
  ])("is made of a variable that leads into a value: %s", (name, text) => {
    const lines = refusalOf(() => configOf(text, environment({ [name]: "1" })));
    expect(lines.at(-1)).toStartWith(`${name}: no such setting: `);
  });

  test("blames the file for what the file says, though a variable sets something beside it", () => {
    const lines = refusalOf(() => configOf("wake: 5\n", environment({ EARSHOT_WAKE__COOLDOWN: "1s" })));
    expect(lines[0]).toStartWith("earshot.yaml:1:7: wake: ");
  });

  test("about the file is made though --model selects from it", () => {
    for (const text of ["wake: 5\n", "wake:\n  models: alexa\n", "wake:\n  models: [alexa]\n"]) {
      expect(refusalOf(() => configOf(text, [], ["alexa"]))[0]).toStartWith("earshot.yaml:");
    }
  });

  test("about YAML has line and column", () => {
    expect(refusalOf(() => configOf("audio:\n  gain: 3\n gain: 4\n"))[0]).toMatch(/^earshot\.yaml:3:\d+: /);
    expect(refusalOf(() => configOf('audio: "unclosed\n'))[0]).toMatch(/^earshot\.yaml:\d+:\d+: /);
    expect(refusalOf(() => configOf("audio: {}\naudio: {}\n"))[0]).toMatch(/^earshot\.yaml:\d+:1: .*unique/);
  });

  test.each(["- a\n", "just words\n", "42\n", "a: *nowhere\n", "--- {}\n--- {}\n"])("is made of %j", (text) => {
    expect(refusalOf(() => configOf(text))[0]).toStartWith("earshot.yaml");
  });

  test("says everything that is wrong at once, whoever said it", () => {
    const text = "audio:\n  gain: loud\nweb:\n  prot: 3\nwake:\n  models:\n    alexa: {patience: 0}\n";
    const where = problemsIn(() => configOf(text, environment({ EARSHOT_LOG__LEVEL: "loud" }))).map((one) => one.where);
    expect(where.sort()).toEqual(["EARSHOT_LOG__LEVEL", "earshot.yaml:2:9", "earshot.yaml:4:3", "earshot.yaml:7:23"]);
  });

  test("is made where the page could be reached from outside without a password", () => {
    expect(refusalOf(() => configOf("web:\n  host: 0.0.0.0\n"))[0]).toStartWith("earshot.yaml:2:9: web.host: 0.0.0.0");
    expect(configOf("web:\n  host: 0.0.0.0\n  password: long enough\n").web.host).toBe("0.0.0.0");
    for (const host of ["127.0.0.1", "localhost", "::1"])
      expect(configOf(`web:\n  host: "${host}"\n`).web.host).toBe(host);
  });

  test("is made of more models than the threads have scores for, and of more text than they share", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `    model_${index}: {}\n`).join("");
    expect(Object.keys(configOf(`wake:\n  models:\n${names(32)}`).wake.models)).toHaveLength(32);
    expect(refusalOf(() => configOf(`wake:\n  models:\n${names(33)}`))).toEqual([
      "earshot.yaml:3:5: wake.models: 33 models: 32 at most",
    ]);
    expect(refusalOf(() => configOf(`audio:\n  source: "${"x".repeat(60_000)}"\n`))[0]).toContain("40000 at most");
  });
});

test("a model under another spelling is refused: its settings would be nobody's", () => {
  expect(() => configOf("wake: {models: {Alexa: {threshold: 0.9}}}\n")).toThrow(
    'earshot.yaml:1:24: wake.models.Alexa: write it "alexa"',
  );
  expect(() => configOf("wake: {models: {hey-jarvis: }}\n")).toThrow('write it "hey_jarvis"');
});

test("a section with nothing under it says nothing", () => {
  expect(configOf("audio:\nwake:\n")).toEqual(configOf(""));
});

test("a head's file is looked for beside the configuration file", () => {
  const { config } = loadConfig({
    file: "/etc/earshot/earshot.yaml",
    text: "wake: {models: {mine: {file: mine.onnx}}}",
    overrides: [],
  });
  expect(config.wake.models.mine?.file).toBe("/etc/earshot/mine.onnx");
});
