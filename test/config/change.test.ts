import { describe, expect, test } from "bun:test";
import { FixedSettingError, prepareChange } from "../../src/config/change.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { overridesFromEnvironment } from "../../src/config/environment.ts";
import type { ConfigSources } from "../../src/config/load.ts";
import { configOf, refusalOf, sourcesOf } from "./sources.ts";

function change(sources: ConfigSources, patch: unknown) {
  return prepareChange(sources, configOf(sources.text, sources.overrides, sources.onlyModels), patch);
}

const textAfter = (text: string | undefined, patch: unknown) => change(sourcesOf(text), patch).text;

const COMMENTED = `# My ear.

audio:
    gain:   3      # dB, aligned
    source: 'USB'  # quoted my way


wake:   # the words
    models:
        # the kitchen's
        alexa:           # nothing said
        hey_jarvis: {threshold: .50,   patience: 2} # flow
        # timer:
        #   threshold: 0.3
log: {level: debug}
# the end
`;

describe("a change to a commented file", () => {
  test("of a value replaces that value and no other byte", () => {
    expect(textAfter(COMMENTED, { audio: { gain: -2.5 } })).toBe(COMMENTED.replace("   3 ", "   -2.5 "));
  });

  test("of a quoted text, and of one that needs quotes", () => {
    expect(textAfter(COMMENTED, { audio: { source: "default" } })).toBe(COMMENTED.replace("'USB'", "default"));
    expect(textAfter(COMMENTED, { audio: { source: "file:a b.wav?loop" } })).toBe(
      COMMENTED.replace("'USB'", '"file:a b.wav?loop"'),
    );
    expect(textAfter(COMMENTED, { audio: { source: "true" } })).toBe(COMMENTED.replace("'USB'", '"true"'));
  });

  test("of a model that stands alone adds lines under it", () => {
    expect(textAfter(COMMENTED, { wake: { models: { alexa: { threshold: 0.6 } } } })).toBe(
      COMMENTED.replace("# nothing said\n", "# nothing said\n          threshold: 0.6\n"),
    );
  });

  test("of a model written in one line rewrites that line's map alone", () => {
    expect(textAfter(COMMENTED, { wake: { models: { hey_jarvis: { enabled: false } } } })).toBe(
      COMMENTED.replace("{threshold: .50,   patience: 2}", "{ threshold: 0.5, patience: 2, enabled: false }"),
    );
  });

  test("of a setting in a section that is there adds a line behind the section's last", () => {
    const short = "audio:\n  gain: 3 # loud\n# about the page\nweb:\n  port: 1\n";
    expect(textAfter(short, { audio: { source: "USB" } })).toBe(
      "audio:\n  gain: 3 # loud\n  source: USB\n# about the page\nweb:\n  port: 1\n",
    );
  });

  test("of a setting in a section that is missing adds the section at the end", () => {
    expect(textAfter(COMMENTED, { activation: { hold: "3s" } })).toContain(
      "log: {level: debug}\nactivation:\n  hold: 3s\n",
    );
    expect(textAfter("audio:\n  gain: 3", { web: { port: 8 } })).toBe("audio:\n  gain: 3\nweb:\n  port: 8\n");
  });

  test("that takes a setting back takes its line, and leaves what stands around it", () => {
    expect(textAfter(COMMENTED, { audio: { gain: null } })).toBe(
      COMMENTED.replace("    gain:   3      # dB, aligned\n", ""),
    );
    expect(textAfter("audio:\n  gain: 3 # loud\n", { audio: { gain: null } })).toBe("audio:\n  {} # loud\n");
    expect(textAfter(COMMENTED, { wake: { models: { alexa: null } } })).toBe(
      COMMENTED.replace("        alexa:           # nothing said\n", ""),
    );
  });

  test("keeps the line ends of a file from another system", () => {
    expect(textAfter("audio:\r\n  gain: 3\r\n", { audio: { source: "USB" }, web: { port: 5 } })).toBe(
      "audio:\r\n  gain: 3\r\n  source: USB\r\nweb:\r\n  port: 5\r\n",
    );
  });

  test("keeps every comment where the text is too intricate to splice", () => {
    const intricate = ["wake: { # first", "  cooldown: 1s, # second", "  # third", "}", ""].join("\n");
    const { text, config } = change(sourcesOf(intricate), { wake: { cooldown: 2000 } });
    for (const comment of ["# first", "# second", "# third"]) expect(text).toContain(comment);
    expect(config.wake.cooldown).toBe(2000);
  });

  test("gives a model that shares its settings by an alias its own, and leaves the other's", () => {
    const shared = "wake:\n  models:\n    alexa: &common {threshold: 0.4}\n    timer: *common\n";
    const { config } = change(sourcesOf(shared), { wake: { models: { timer: { patience: 3 } } } });
    expect(config.wake.models.alexa).toMatchObject({ threshold: 0.4, patience: 2 });
    expect(config.wake.models.timer).toMatchObject({ threshold: 0.4, patience: 3 });
    const back = change(sourcesOf(shared), { wake: { models: { timer: { threshold: null } } } }).config;
    expect(back.wake.models.alexa?.threshold).toBe(0.4);
    expect(back.wake.models.timer?.threshold).toBeUndefined();
    expect(change(sourcesOf(shared), { wake: { models: { alexa: { threshold: 0.9 } } } }).config.wake.models).toEqual(
      expect.objectContaining({ alexa: expect.objectContaining({ threshold: 0.9 }) }),
    );
  });
});

describe("a change", () => {
  test.each([undefined, "", "# mine\n", "---\n", "~\n", "{}\n", "web: {}\n", "wake: {}\n"])(
    "is written whatever the file was: %j",
    (text) => {
      const patch = { wake: { models: { alexa: { threshold: 0.6 } } }, audio: { gain: 2 } };
      const { config, text: written, changed } = change(sourcesOf(text), patch);
      expect(configOf(written)).toEqual(config);
      expect(config.wake.models.alexa?.threshold).toBe(0.6);
      expect(changed).toEqual(["audio.gain", "wake.models.alexa.threshold"]);
      if (text?.startsWith("#")) expect(written).toStartWith("# mine\n");
    },
  );

  test("to one of the default models keeps the others, in the file too", () => {
    const { config, text } = change(sourcesOf(undefined), { wake: { models: { alexa: { patience: 3 } } } });
    expect(Object.keys(config.wake.models)).toEqual(["alexa", "hey_jarvis"]);
    expect(text).toContain("hey_jarvis");
  });

  test("may take a default model away while it adds another", () => {
    const { config } = change(sourcesOf(undefined), { wake: { models: { alexa: null, timer: {} } } });
    expect(Object.keys(config.wake.models)).toEqual(["hey_jarvis", "timer"]);
  });

  test.each([undefined, "", "~\n", "web: {port: 5}\n", "wake:\n  models:\n    alexa:\n"])(
    "that takes back what was never said changes nothing: %j",
    (text) => {
      const patch = { audio: { gain: null }, wake: { cooldown: null, models: { alexa: { threshold: null } } } };
      const prepared = change(sourcesOf(text), patch);
      expect(prepared.changed).toEqual([]);
      expect(configOf(prepared.text)).toEqual(configOf(text));
    },
  );

  test("of null takes a setting, a model or a whole section back to its default", () => {
    const text = "audio: {gain: 3, source: USB}\nwake:\n  models: {timer: {}, alexa: {threshold: 0.3}}\n";
    expect(change(sourcesOf(text), { audio: { gain: null } }).config.audio).toEqual({
      gain: 0,
      source: "USB",
      output: "default",
      muted: false,
    });
    expect(change(sourcesOf(text), { audio: null }).config.audio).toEqual({
      gain: 0,
      source: "default",
      output: "default",
      muted: false,
    });
    const { models } = change(sourcesOf(text), { wake: { models: { timer: null } } }).config.wake;
    expect(Object.keys(models)).toEqual(["alexa"]);
    expect(Object.keys(change(sourcesOf(text), { wake: { models: null } }).config.wake.models)).toEqual([
      "alexa",
      "hey_jarvis",
    ]);
  });

  test("of an empty map wipes nothing", () => {
    const text = "audio:\n  gain: 3\nwake:\n  models:\n    alexa: {threshold: 0.3}\n";
    for (const patch of [
      {},
      { audio: {} },
      { wake: {} },
      { wake: { models: {} } },
      { wake: { models: { alexa: {} } } },
    ]) {
      expect(change(sourcesOf(text), patch)).toMatchObject({ text, changed: [] });
    }
  });

  test("of an empty map names a model that was not there", () => {
    const { config } = change(sourcesOf("wake:\n  models:\n    alexa:\n"), { wake: { models: { timer: {} } } });
    expect(Object.keys(config.wake.models)).toEqual(["alexa", "timer"]);
  });

  test("of a map where a value belongs, or the other way round, is refused and blamed on the request", () => {
    for (const text of [undefined, "audio:\n  gain: 3\n"]) {
      for (const patch of [
        { audio: { gain: { left: 1 } } },
        { audio: { gain: {} } },
        { audio: 3 },
        { wake: { models: { alexa: 0.5 } } },
        { wake: { models: ["alexa"] } },
      ]) {
        expect(refusalOf(() => change(sourcesOf(text), patch))[0]).toStartWith("the request: ");
      }
    }
  });

  test("with an unknown key is refused with the nearest name", () => {
    expect(refusalOf(() => change(sourcesOf(undefined), { audio: { gian: 3 } }))).toEqual([
      'the request: no such setting: "audio.gian", did you mean "gain"?',
    ]);
  });

  test.each([null, 5, "gain", [1], true])("of %j is no change", (patch) => {
    expect(refusalOf(() => change(sourcesOf(undefined), patch))[0]).toContain("an object of settings is expected");
  });

  test("says everything that is wrong with it at once", () => {
    expect(refusalOf(() => change(sourcesOf(undefined), { audio: { gain: "x" }, web: { port: -1 } }))).toHaveLength(2);
  });

  test("cannot reach what all objects share", () => {
    for (const patch of [
      '{"__proto__":{"polluted":1}}',
      '{"wake":{"__proto__":{"toString":null}}}',
      '{"wake":{"models":{"__proto__":{"threshold":0.5}}}}',
    ]) {
      expect(() => change(sourcesOf(undefined), JSON.parse(patch))).toThrow(ConfigError);
    }
    for (const patch of ['{"constructor":{"prototype":{"polluted":1}}}', '{"audio":{"toString":null,"valueOf":{}}}']) {
      try {
        change(sourcesOf(undefined), JSON.parse(patch));
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { threshold?: unknown }).threshold).toBeUndefined();
    expect(typeof Object.prototype.toString).toBe("function");
  });

  test("names the settings that count after a restart", () => {
    const prepared = change(sourcesOf(undefined), { web: { port: 8080 }, audio: { gain: 1 } });
    expect(prepared.changed).toEqual(["audio.gain", "web.port"]);
    expect(prepared.needsRestart).toEqual(["web.port"]);
  });

  test("that leaves every value as it was changes nothing", () => {
    const prepared = change(sourcesOf("activation:\n  hold: 2s\n"), { activation: { hold: 2000 } });
    expect(prepared.changed).toEqual([]);
  });

  test("to the password is never a way to an open port", () => {
    const sources = sourcesOf("web:\n  host: 0.0.0.0\n  password: long enough\n");
    expect(refusalOf(() => change(sources, { web: { password: null } }))[0]).toContain("set web.password");
  });
});

describe("what the environment or a flag fixes", () => {
  const fixed = (sources: ConfigSources, patch: unknown): FixedSettingError => {
    try {
      change(sources, patch);
    } catch (error) {
      if (error instanceof FixedSettingError) return error;
      throw error;
    }
    throw new Error("nothing was refused");
  };
  const byPort = sourcesOf(undefined, overridesFromEnvironment({ EARSHOT_WEB__PORT: "80" }));
  const byThreshold = sourcesOf(undefined, [
    { path: ["wake", "models", "*", "threshold"], value: 0.4, origin: "--threshold" },
  ]);
  const byModel = sourcesOf("wake:\n  models:\n    alexa:\n    timer:\n", [], ["alexa"]);

  test("cannot be changed, and the refusal says by what", () => {
    expect(fixed(byPort, { web: { port: 81 } }).message).toBe(
      "web.port is fixed by EARSHOT_WEB__PORT: change it there",
    );
    expect(fixed(byThreshold, { wake: { models: { hey_jarvis: { threshold: 0.5 } } } }).origin).toBe("--threshold");
  });

  test("cannot be taken back, alone or with all that is around it", () => {
    expect(fixed(byPort, { web: { port: null } }).setting).toBe("web.port");
    expect(fixed(byPort, { web: null }).setting).toBe("web");
    expect(fixed(byThreshold, { wake: { models: null } }).setting).toBe("wake.models");
  });

  test("does not fix what stands beside it", () => {
    expect(change(byPort, { web: { password: "long enough" } }).changed).toEqual(["web.password"]);
    expect(change(byThreshold, { wake: { models: { alexa: { patience: 3 } } } }).changed).toEqual([
      "wake.models.alexa.patience",
    ]);
    expect(change(byThreshold, { wake: { models: { timer: {} } } }).config.wake.models.timer?.threshold).toBe(0.4);
  });

  test("by --model is which models there are, and that they are on", () => {
    expect(fixed(byModel, { wake: { models: { alexa: { enabled: false } } } }).origin).toBe("--model");
    expect(fixed(byModel, { wake: { models: { timer: { threshold: 0.5 } } } }).origin).toBe("--model");
    expect(fixed(byModel, { wake: { models: { weather: {} } } }).origin).toBe("--model");
    expect(fixed(byModel, { wake: { models: null } }).origin).toBe("--model");
    expect(fixed(byModel, { wake: null }).origin).toBe("--model");
    const { config, text } = change(byModel, { wake: { models: { alexa: { threshold: 0.7 } } } });
    expect(config.wake.models).toEqual({
      alexa: { enabled: true, threshold: 0.7, patience: 2, refractory: 2000, sure: 0.95 },
    });
    expect(text).toContain("timer");
  });

  test("is not touched by a request that says nothing of it", () => {
    expect(change(byPort, { web: {}, audio: { gain: 1 } }).changed).toEqual(["audio.gain"]);
  });
});
