/**
 * Logging for one thread: events with fields, a line each, on standard error. `text` is for people, `json` for machines.
 * Speech and transcripts never come here.
 */
import { configure, getJsonLinesFormatter, type LogRecord } from "@logtape/logtape";

export interface LogSettings {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly format: "text" | "json";
}

/** Sets up this thread's logging, or changes it while running. Threads do not share it: each calls this for itself. */
export async function setUpLogging({ level, format }: LogSettings, thread: string): Promise<void> {
  const json = getJsonLinesFormatter({ properties: "flatten" });
  const line =
    format === "json" ? (record: LogRecord) => json(record).trimEnd() : (record: LogRecord) => text(record, thread);
  await configure({
    reset: true,
    sinks: { terminal: (record) => process.stderr.write(`${line(record)}\n`) },
    loggers: [
      { category: ["earshot"], sinks: ["terminal"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["terminal"], lowestLevel: "warning" },
    ],
  });
}

function text(record: LogRecord, thread: string): string {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const fields = Object.entries(record.properties).map(([key, value]) => `${key}=${shown(value)}`);
  return `${time} ${record.level.padEnd(7)} ${thread.padEnd(9)} ${record.message.join("")}  ${fields.join(" ")}`.trimEnd();
}

function shown(value: unknown): string {
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" && /[\s"=]/.test(plain) ? JSON.stringify(plain) : plain;
}
