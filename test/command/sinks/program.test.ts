import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseWav } from "../../../src/audio/wav.ts";
import { openSink } from "../../../src/command/open-sink.ts";
import type { SettingsOf, SinkSettings } from "../../../src/config/command-settings.ts";
import { COMMAND, failure, KeptLog, said, sound, TIMES } from "../around.ts";

type Settings = SettingsOf<SinkSettings, "program">;

const folder = mkdtempSync(join(tmpdir(), "earshot-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

function opened(program: string, args: string[], settings: Partial<Settings> = {}) {
  const log = new KeptLog();
  const opened = openSink(
    { kind: "program", program, args, timeout: 5000, ...settings },
    { times: TIMES, log, instance: () => "hall", listenedWords: () => [] },
  );
  if (opened === undefined) throw new Error("no sink");
  return { ...opened, log };
}

const shell = (script: string, settings: Partial<Settings> = {}) => opened("sh", ["-c", script], settings);

async function gone(pid: number): Promise<void> {
  const limit = Date.now() + 3000;
  for (;;) {
    const state = await Bun.$`ps -o stat= -p ${pid}`.nothrow().quiet().text();
    // A dead process that nobody has asked about yet is dead.
    if (state.trim() === "" || state.startsWith("Z")) return;
    if (Date.now() > limit) throw new Error(`process ${pid} is still there: ${state}`);
    await Bun.sleep(5);
  }
}

async function pidIn(file: string): Promise<number> {
  for (;;) {
    try {
      const pid = Number(readFileSync(file, "utf8"));
      if (pid > 0) return pid;
    } catch {
      // It has not begun yet.
    }
    await Bun.sleep(2);
  }
}

test("gets the command as a WAV file, sample for sample, and what it prints is the transcript", async () => {
  const file = join(folder, "heard.wav");
  const pcm = sound(16_000 * 15);
  expect(await said(shell(`cat > ${file}; echo ' turn on'; echo the light`).sink, pcm)).toEqual({
    transcript: "turn on the light",
  });
  expect(parseWav(readFileSync(file)).samples).toEqual(pcm);
});

test("its arguments are what they are: no shell reads them", async () => {
  const args = ["%s|", "$(id); `id`", "'\"", "*", ""];
  expect((await said(opened("printf", args).sink, sound(10))).transcript).toBe("$(id); `id`|'\"|*||");
});

test("is told where the command came from, and nothing of this program's settings", async () => {
  process.env.EARSHOT_WEB__PASSWORD = "s3cret word";
  try {
    const { sink } = shell('echo "$COMMAND_RELAY,$COMMAND_ROOM,$COMMAND_MODEL,$COMMAND_TOPIC,$EARSHOT_WEB__PASSWORD."');
    const command = { ...COMMAND, topic: "home" };
    expect((await said(sink, sound(10), { command })).transcript).toBe("kitchen,Küche,alexa,home,.");
  } finally {
    delete process.env.EARSHOT_WEB__PASSWORD;
  }
});

test("may open its input as a file, and read it twice", async () => {
  const { sink } = shell("wc -c < /dev/stdin; wc -c < /dev/stdin");
  expect((await said(sink, sound(40_000))).transcript).toBe("80044 80044");
});

test("is started when the person has stopped speaking", async () => {
  const file = join(folder, "started");
  const { sink } = shell(`echo $$ > ${file}; echo ready`);
  const session = sink.open(COMMAND, new AbortController().signal);
  session.push(sound(1000));
  await Bun.sleep(30);
  expect(existsSync(file)).toBe(false);
  expect((await session.end(Date.now())).transcript).toBe("ready");
});

test("that takes too long is killed with all that it has started", async () => {
  const [own, child] = [join(folder, "own"), join(folder, "child")];
  const { sink } = shell(`echo $$ > ${own}; sleep 60 & echo $! > ${child}; trap '' TERM; sleep 61`, { timeout: 300 });
  expect(await failure(said(sink, sound(10)))).toMatchObject({ code: "too_slow" });
  await gone(await pidIn(own));
  await gone(await pidIn(child));
});

test("whose command nobody wants any more is killed", async () => {
  const file = join(folder, "unwanted");
  const abort = new AbortController();
  const understood = failure(said(shell(`echo $$ > ${file}; sleep 60`).sink, sound(10), { signal: abort.signal }));
  const pid = await pidIn(file);
  abort.abort();
  await gone(pid);
  expect(await understood).toMatchObject({ code: "aborted" });
});

test("what it leaves behind neither holds up its answer nor stays", async () => {
  const file = join(folder, "behind");
  const { sink } = shell(`sleep 60 & echo $! > ${file}; echo done`);
  expect((await said(sink, sound(10))).transcript).toBe("done");
  await gone(await pidIn(file));
});

test("one that fails says how it ended, and nothing of what it printed: that may be what was said", async () => {
  const { sink, troubles } = shell("echo turn on; echo heard: turn on the light >&2; exit 3");
  const error = await failure(said(sink, sound(10)));
  expect(error).toMatchObject({ code: "refused", message: "the program sh ended with 3" });
  expect(troubles()).toHaveLength(1);
});

test("one that is not there says so", async () => {
  const error = await failure(said(opened("no-such-program", []).sink, sound(10)));
  expect(error).toMatchObject({ code: "refused" });
  expect(error.message).toContain("the program no-such-program cannot be started");
});

test("one that prints without an end is ended", async () => {
  const error = await failure(said(shell("yes").sink, sound(10)));
  expect(error).toMatchObject({ code: "bad_answer", message: "the program sh printed too much" });
});

const canSpeak = ["pocketsphinx_continuous", "espeak-ng", "sox"].every((program) => Bun.which(program) !== null);
if (!canSpeak)
  console.log("skipped: a real recogniser, which needs pocketsphinx, pocketsphinx-en-us, espeak-ng and sox");

test.skipIf(!canSpeak)("pocketsphinx understands what espeak-ng says, by a grammar", async () => {
  const [grammar, wav] = [join(folder, "home.gram"), join(folder, "spoken.wav")];
  const words = "public <command> = what time is it | turn on the kitchen light | good night | play some music;";
  await Bun.write(grammar, `#JSGF V1.0;\ngrammar home;\n${words}\n`);
  const { sink } = opened("pocketsphinx_continuous", [
    ...["-infile", "/dev/stdin", "-logfn", "/dev/null", "-jsgf", grammar],
  ]);
  for (const words of ["what time is it", "turn on the kitchen light", "good night"]) {
    await Bun.$`espeak-ng -v en-us -s 150 --stdout ${words} | sox -R - -r 16000 -c 1 -b 16 ${wav} pad 0.5 0.8`.quiet();
    const { samples } = parseWav(readFileSync(wav));
    expect((await said(sink, samples)).transcript).toBe(words);
  }
});

test("one that reads nothing is no trouble, and one that complains without an end neither", async () => {
  expect((await said(shell("exec 0<&-; echo deaf").sink, sound(160_000))).transcript).toBe("deaf");
  const loud =
    "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done; echo loud";
  expect((await said(shell(loud).sink, sound(10))).transcript).toBe("loud");
});
