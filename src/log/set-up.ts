/**
 * Logging for one thread: events with fields, a line each, on standard error. `text` is for people, `json` for machines.
 * Speech never comes here, and transcripts only where somebody asked for them.
 */
import { configure, getJsonLinesFormatter, type LogRecord } from "@logtape/logtape";
import { type Fields, pseudonyms } from "./pseudonyms.ts";

export interface LogSettings {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly format: "text" | "json";
}

/**
 * Sets up this thread's logging, or changes it while running. Threads do not share it: each calls this for itself.
 *
 * @param salt of the names that stand in place of relays' own; undefined where the log may name them
 */
export async function setUpLogging({ level, format }: LogSettings, thread: string, salt?: number): Promise<void> {
  const shown = salt === undefined ? (fields: Fields) => fields : pseudonyms(salt);
  const json = getJsonLinesFormatter({ properties: "flatten" });
  const line =
    format === "json" ? (record: LogRecord) => json(record).trimEnd() : (record: LogRecord) => text(record, thread);
  await configure({
    reset: true,
    sinks: {
      terminal: (record) =>
        process.stderr.write(`${line({ ...record, properties: plain(shown(record.properties)) })}\n`),
    },
    loggers: [
      { category: ["earshot"], sinks: ["terminal"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["terminal"], lowestLevel: "warning" },
    ],
  });
}

/** Without what is not there, and without digits that mean nothing: times to a tenth of a millisecond, shares to a thousandth. */
function plain(fields: Fields): Record<string, unknown> {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    there.map(([key, value]) => {
      if (typeof value !== "number" || !Number.isFinite(value)) return [key, value];
      const digits = key.endsWith("Ms") ? 10 : 1000;
      return [key, Math.round(value * digits) / digits];
    }),
  );
}

function text(record: LogRecord, thread: string): string {
  const time = new Date(record.timestamp).toISOString().slice(11);
  const fields = Object.entries(record.properties).map(([key, value]) => `${key}=${inText(value)}`);
  return `${time} ${record.level.padEnd(7)} ${thread.padEnd(9)} ${record.message.join("")}  ${fields.join(" ")}`.trimEnd();
}

function inText(value: unknown): string {
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" && /[\s"=]/.test(plain) ? JSON.stringify(plain) : plain;
}
