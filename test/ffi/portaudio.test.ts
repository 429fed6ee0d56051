import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const binding = JSON.stringify(new URL("../../ffi/portaudio.ts", import.meta.url).href);

/** Runs code with PortAudio in a process of its own: ALSA reads its environment when the process starts. */
async function run(code: string, env: Readonly<Record<string, string | undefined>>) {
  const program = `import { openPortAudio } from ${binding};\n${code}`;
  const child = Bun.spawn([process.execPath, "-e", program], { env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { stdout, stderr, code: await child.exited };
}

test("a machine without PortAudio gets the command that installs it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-portaudio-"));
  await Bun.write(join(folder, "libportaudio.so.2"), "");
  const { stdout } = await run("try { openPortAudio(); } catch (error) { console.log(error.name, error.message); }", {
    ...process.env,
    LD_LIBRARY_PATH: folder,
  });
  rmSync(folder, { recursive: true });
  expect(stdout).toBe("PortAudioMissingError libportaudio.so.2 is missing: sudo apt-get install libportaudio2\n");
});

if (!canMakeVirtualMicrophone())
  console.log("skipped: PortAudio with a virtual microphone, which needs pulseaudio and pulseaudio-utils");

describe.skipIf(!canMakeVirtualMicrophone())("with a virtual microphone", () => {
  let microphone: VirtualMicrophone;
  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
  });
  afterAll(() => microphone.stop());

  test("its devices are listed, the default is marked, and nothing is printed by the libraries", async () => {
    const { stdout, stderr } = await run("console.log(JSON.stringify(openPortAudio().devices()));", microphone.env);
    expect(stderr).toBe("");
    const devices = JSON.parse(stdout) as DeviceInfo[];
    expect(devices.map(({ name }) => name)).toEqual(expect.arrayContaining(["pulse", "default"]));
    expect(devices.filter(({ isDefaultInput }) => isDefaultInput).map(({ name }) => name)).toEqual(["default"]);
    const pulse = devices.find(({ name }) => name === "pulse");
    expect(pulse).toMatchObject({ hostApi: "ALSA", defaultSampleRateHz: 44_100, isDefaultOutput: false });
    expect(pulse?.maxInputChannels).toBeGreaterThan(0);
    expect(pulse?.lowInputLatencyMs).toBeGreaterThan(0);
  });

  test("a format that no device knows is refused with PortAudio's code and words, and nothing else is printed", async () => {
    const { stdout, stderr } = await run(
      `try {
         openPortAudio().openInput({ device: 0, channels: 200, sampleRateHz: 16000, blockFrames: 320, latencyMs: 100 });
       } catch (error) {
         console.log(error.message, error.refusesChannels);
       }`,
      microphone.env,
    );
    expect(stdout).toBe(
      "device 0 cannot be opened at 16000 Hz with 200 channels: Invalid number of channels (PortAudio -9998) true\n",
    );
    expect(stderr).toBe("");
  });

  test("PortAudio can be opened and closed over and over, and lists its devices afresh", async () => {
    const { stdout } = await run(
      `const counts = new Set();
       for (let i = 0; i < 10; i++) {
         const portAudio = openPortAudio();
         counts.add(portAudio.devices().length);
         portAudio.openInput({ device: 0, channels: 1, sampleRateHz: 16000, blockFrames: 320, latencyMs: 100 });
         portAudio.close();
         portAudio.close();
       }
       console.log(counts.size);`,
      microphone.env,
    );
    expect(stdout).toBe("1\n");
  });
});
