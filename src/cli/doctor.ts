/** `earshot doctor`: tries everything that it takes, and says what is not well. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import { checkCertificate } from "./check-certificate.ts";
import { checkCommand } from "./check-command.ts";
import { checkLoudspeaker } from "./check-loudspeaker.ts";
import { checkMicrophone } from "./check-microphone.ts";
import { checkConfigFile, checkSoundAccess } from "./check-permissions.ts";
import {
  checkApi,
  checkClock,
  checkConfig,
  checkModels,
  checkStateFile,
  checkThreads,
  type Finding,
} from "./checks.ts";
import { addSettingOptions, jsonOption, type SettingFlags } from "./settings.ts";

const MARKS = { ok: "✓", warning: "!", failed: "✗" } as const;
const COLOURS = { ok: "\x1b[32m", warning: "\x1b[33m", failed: "\x1b[31m" } as const;

export function doctorCommand(): Command {
  return addSettingOptions(new Command("doctor"))
    .description("Try everything that it takes: microphone, loudspeaker, models, page, clock, permissions.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit code 0 only if nothing failed; warnings (!) do not count.")
    .action(doctor);
}

async function doctor(flags: SettingFlags & { readonly json?: boolean }): Promise<void> {
  const findings: Finding[] = [];
  const tell = (finding: Finding) => {
    findings.push(finding);
    if (flags.json) return;
    const { level, name, message, hint } = finding;
    const mark = process.stdout.isTTY ? `${COLOURS[level]}${MARKS[level]}\x1b[0m` : MARKS[level];
    console.log(`${mark} ${name.padEnd(14)} ${message}`);
    if (hint !== undefined) console.log(`${" ".repeat(17)}→ ${hint}`);
  };
  const found = await checkConfig(flags, tell);
  if (found !== undefined) {
    const { config, file } = found;
    await checkConfigFile(file, tell);
    await checkCertificate(config, Date.now(), tell);
    const running = await checkApi(config, tell);
    const permission = await checkSoundAccess(config.audio.source, tell);
    await checkMicrophone(config, running, permission, tell);
    checkLoudspeaker(config, tell);
    await checkModels(found, tell);
    await checkStateFile(config, tell);
    await checkCommand(config, tell);
  }
  await checkThreads(tell);
  await checkClock(tell);
  const failed = findings.filter(({ level }) => level === "failed").length;
  if (flags.json) console.log(JSON.stringify({ ok: failed === 0, findings }, undefined, 2));
  else console.log(failed === 0 ? "\nall is well" : `\n${failed} ${failed === 1 ? "thing is" : "things are"} not well`);
  if (failed > 0) process.exitCode = EXIT.failure;
}
