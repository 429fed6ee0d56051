import { describe, expect, test } from "bun:test";
import { FixedSettingError, prepareChange } from "../../src/config/change.ts";
import { intentSettings, sinkSettings, speechSettings, withoutKeys } from "../../src/config/command-settings.ts";
import { overridesFromEnvironment } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configOf, sourcesOf } from "./sources.ts";

const problems = (yaml: string) => {
  try {
    loadConfig(sourcesOf(yaml));
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing is wrong with it");
};

test("without a word of it nobody understands, acts or speaks", () => {
  const { sink, intent, speech } = configOf("").command;
  expect([sink.kind, intent.kind, speech.kind]).toEqual(["none", "none", "none"]);
});

test.each([
  [
    "a kind that is none",
    "sink: {kind: opnai}",
    "command.sink.kind: one of none, openai, orac, wyoming, webhook, program",
  ],
  ["no kind", "sink: {url: http://a}", "command.sink.kind: one of none, openai"],
  ["what is missing", "sink: {kind: openai}", "command.sink.url: text is expected, and there is none"],
  [
    "a misspelt setting",
    "sink: {kind: openai, url: http://a, modle: x}",
    'no such setting: "command.sink.modle", did you mean "model"?',
  ],
  [
    "a setting of another kind",
    "sink: {kind: program, program: x, url: http://a}",
    'no such setting: "command.sink.url" for this kind',
  ],
  ["no URL", "sink: {kind: openai, url: localhost}", "command.sink.url: a URL is expected"],
  [
    "a URL of another protocol",
    "intent: {kind: webhook, url: 'ftp://a'}",
    "command.intent.url: it must begin with http:// or https://",
  ],
  ["a password in a URL", "sink: {kind: openai, url: 'http://a:b@c'}", "no user and password in a URL"],
  ["a key with a line break", 'sink: {kind: openai, url: http://a, api_key: "a\\nb"}', "a key has no spaces"],
  [
    "a Wyoming host with its protocol",
    "sink: {kind: wyoming, host: 'tcp://a:10300'}",
    "command.sink.host: a name or an",
  ],
  ["a Wyoming host with its port", "speech: {kind: wyoming, host: 'a:10200'}", "its port stands in port"],
  ["a topic that is a path", "sink: {kind: orac, url: http://a, topic: ../x}", "command.sink.topic: letters, digits"],
])("%s is refused with the setting's name", (_, yaml, message) => {
  expect(problems(`command:\n  ${yaml}\n`)).toContain(message);
});

test("a Wyoming host may be an address of version 6", () => {
  const { sink } = configOf("command: {sink: {kind: wyoming, host: 'fd00::1'}}").command;
  expect(sink).toMatchObject({ host: "fd00::1", port: 10_300 });
});

test("the environment can say all of it, a key of digits too", () => {
  const overrides = overridesFromEnvironment({
    EARSHOT_COMMAND__SINK__KIND: "openai",
    EARSHOT_COMMAND__SINK__URL: "http://127.0.0.1:8000",
    EARSHOT_COMMAND__SINK__API_KEY: "12345678",
  });
  const { config } = loadConfig({ ...sourcesOf(""), overrides });
  expect(config.command.sink).toMatchObject({ kind: "openai", url: "http://127.0.0.1:8000", api_key: "12345678" });
});

test("a program that is named by a path lies beside the configuration file", () => {
  const at = (program: string) => {
    const { sink } = loadConfig({
      ...sourcesOf(`command: {sink: {kind: program, program: ${program}}}`),
      file: "/etc/e/e.yaml",
    }).config.command;
    return sink.kind === "program" ? sink.program : "";
  };
  expect([at("./hear.sh"), at("/bin/hear"), at("hear")]).toEqual(["/etc/e/hear.sh", "/bin/hear", "hear"]);
});

test("keys are left out of what is shown", () => {
  const yaml = `
command:
  sink: {kind: openai, url: http://a, api_key: s3cret}
  intent: {kind: webhook, url: http://b, api_key: s3cret}
  speech: {kind: openai, url: http://c, api_key: s3cret}
`;
  const shown = JSON.stringify(withoutKeys(configOf(yaml).command));
  expect(shown).not.toContain("s3cret");
  expect(shown).toContain("http://a");
});

describe("a change while the program runs", () => {
  const yaml = "command:\n  sink: {kind: openai, url: 'http://a', api_key: s3cret}\n";
  const change = (patch: unknown) => {
    const sources = sourcesOf(yaml);
    return prepareChange(sources, loadConfig(sources).config, patch);
  };

  test.each([
    { command: { sink: { kind: "program", program: "sh", url: null, model: null, api_key: null } } },
    { command: { sink: { url: "http://elsewhere" } } },
    { command: { sink: { kind: "none" } } },
    { command: { sink: null } },
    { command: null },
    { command: { intent: { kind: "webhook", url: "http://elsewhere" } } },
    { command: { speech: { kind: "program", program: "sh" } } },
    { privacy: { keep_recordings: "/tmp/elsewhere" } },
    { privacy: { log_transcripts: true } },
    { loqa: { nats: { url: "nats://elsewhere:4222" } } },
    { loqa: { plaintext: true } },
  ])("%j says where speech goes, what is kept of it, or what is run: only the file does", (patch) => {
    expect(() => change(patch)).toThrow(/^(command|privacy|loqa)\.\w+ is fixed by the configuration file/);
    expect(() => change(patch)).toThrow(FixedSettingError);
  });

  test("by hand in the file counts, and sending back all that was shown changes nothing", () => {
    const shown = withoutKeys(configOf(yaml).command);
    expect(change({ command: shown, audio: { gain: 3 } }).changed).toEqual(["audio.gain"]);
  });
});

test("every example in docs/operating.md is a configuration, and together they show every setting there is", async () => {
  const text = await Bun.file(new URL("../../docs/operating.md", import.meta.url)).text();
  const section = text.slice(text.indexOf("## What happens after the word"), text.indexOf("## What nearly woke it"));
  const examples = [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = ""]) => yaml);
  const shown = new Set<string>();
  for (const yaml of examples) {
    expect(configOf(yaml).command).toBeDefined();
    const said = (Bun.YAML.parse(yaml) as { command: Record<string, Record<string, unknown>> }).command;
    for (const [part, { kind, ...settings }] of Object.entries(said)) {
      for (const setting of Object.keys(settings)) shown.add(`${part} ${kind} ${setting}`);
    }
  }
  const known = Object.entries({ sink: sinkSettings, intent: intentSettings, speech: speechSettings }).flatMap(
    ([part, { options }]) =>
      options.flatMap(({ shape }) =>
        Object.keys(shape)
          // Said of one for all of them.
          .filter((setting) => setting !== "kind" && setting !== "timeout")
          .map((setting) => `${part} ${shape.kind.value} ${setting}`),
      ),
  );
  expect([...shown].filter((setting) => !setting.endsWith(" timeout")).sort()).toEqual(known.sort());
});
