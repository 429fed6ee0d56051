/** From an entry of the configuration, a name or a path, to a checked model; and the graphs that all models share. */
import { closest, distance } from "fastest-levenshtein";
import {
  BACKGROUND_CLASS,
  CATALOGUE,
  EMBEDDING,
  type FeatureModel,
  type KnownModel,
  MELSPECTROGRAM,
  USER_THRESHOLD,
} from "./catalogue.ts";
import { type EmbeddingForm, type FormedFeatures, openFeatures, type PublishedGraph } from "./feature-form.ts";
import { EMBEDDING_SIZE, type InputScale } from "./features.ts";
import type { HeadTrial } from "./head-bank.ts";
import { type Head, headOf } from "./heads.ts";
import { readModelCard } from "./model-card.ts";
import { modelPath, onnxruntimeWasmPath } from "./model-files.ts";
import { readMetadata } from "./onnx/metadata.ts";
import { OnnxError } from "./onnx/onnx-error.ts";
import { openSession, prepareOnnxruntime, runForFloats, type Session, tensorOver } from "./ort.ts";
import { WakeModelError } from "./wake-model-error.ts";

/** Reads a whole file, and rejects where it cannot: `(path) => Bun.file(path).bytes()`. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/**
 * A model to use: a name of the catalogue (`hey jarvis` means `hey_jarvis`); or the path of an openWakeWord head, which
 * ends in `.onnx` and is called after the file without its version (`models/hey_marvin_v0.2.onnx` is `hey_marvin`); or
 * such a path under a name of its own, and with the scale of its input where the file does not say it.
 */
export type ModelEntry =
  | string
  | { readonly name: string; readonly path: string; readonly inputScale?: InputScale | undefined };

/** What is known of a model that is in use. */
export interface LoadedModel {
  /** How detections name it; unique among the models of an engine. */
  readonly name: string;
  /** What to say; unknown for a file of the user's that does not tell. */
  readonly phrase?: string;
  readonly path: string;
  /** Lower-case hexadecimal, of the file as it was read. */
  readonly sha256: string;
  /** How many embeddings, one per 80 ms, the head looks back over. */
  readonly window: number;
  /** A label for each output; with several, the first is the background. */
  readonly classes: readonly string[];
  /** The threshold to use where the configuration names none, 0..1. */
  readonly threshold: number;
  /** Of the samples it was trained with. */
  readonly inputScale: InputScale;
  /** Unknown for a file of the user's that does not tell. */
  readonly licence?: string;
  readonly source?: string;
}

/** A model that was tried and works. */
export interface ReadyModel {
  /** The scale that was asked for, whatever the file says. */
  readonly askedScale: InputScale | undefined;
  readonly model: LoadedModel;
  readonly head: Head;
  readonly trial: HeadTrial;
}

/** A model whose bytes were read and checked, and which was not tried yet. */
export interface ReadModel {
  readonly entry: string;
  readonly name: string;
  readonly known: KnownModel | undefined;
  readonly askedScale: InputScale | undefined;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** openWakeWord's. */
const DEFAULT_SCALE: InputScale = "int16";
const REINSTALL = '"npm ci" in the project\'s folder (or "npm start") puts it back';

/**
 * Opens the two graphs that every model shares.
 *
 * @throws WakeModelError (missing_file, altered_file, not_onnx)
 */
export async function loadFeatures(readFile: ReadFile, form: EmbeddingForm): Promise<FormedFeatures> {
  prepareOnnxruntime(await readInstalled("onnxruntime", "onnxruntime", onnxruntimeWasmPath, readFile));
  const published = async (graph: FeatureModel): Promise<PublishedGraph> => {
    const { bytes } = await readReleased(graph.file, graph, readFile);
    return { bytes, open: () => openGraph(graph.file, graph.file, bytes) };
  };
  const mel = await published(MELSPECTROGRAM);
  return openFeatures(mel, await published(EMBEDDING), form);
}

/**
 * Reads and checks the file behind an entry.
 *
 * @throws WakeModelError (unknown_name, missing_file, altered_file)
 */
export async function readModel(asked: ModelEntry, readFile: ReadFile): Promise<ReadModel> {
  if (typeof asked === "string" && !asked.toLowerCase().endsWith(".onnx")) {
    const known = knownModel(asked);
    const released = await readReleased(known.name, known, readFile);
    return { entry: asked, name: known.name, known, askedScale: undefined, ...released };
  }
  const { name, path } = typeof asked === "string" ? { name: nameOfFile(asked), path: asked } : asked;
  const entry = typeof asked === "string" ? asked : name;
  const bytes = await readFile(path).catch((cause: unknown) => {
    const message = `model ${entry}: cannot read ${path}: ${reason(cause)}`;
    throw new WakeModelError("missing_file", entry, message, { cause });
  });
  const askedScale = typeof asked === "string" ? undefined : asked.inputScale;
  return { entry, name, known: undefined, askedScale, path, sha256: await sha256(bytes), bytes };
}

/**
 * Tries a model, in a session of its own that is closed again.
 *
 * @param histories of streams to try it with
 * @throws WakeModelError (not_onnx, wrong_shape, bad_metadata)
 */
export async function tryModel(read: ReadModel, histories: readonly Float32Array[]): Promise<ReadyModel> {
  const { entry, name, known, askedScale, path, sha256 } = read;
  const session = await openGraph(entry, path, read.bytes);
  try {
    const head = headOf(session);
    if (typeof head === "string") throw new WakeModelError("wrong_shape", entry, `model ${entry}: ${head}`);
    const shape = [1, head.window, EMBEDDING_SIZE];
    const outputs: Float32Array[] = [];
    for (const history of histories) {
      const feed = { [head.inputName]: tensorOver(history.subarray(-head.window * EMBEDDING_SIZE), shape) };
      const tried = await runForFloats(session, feed, head.outputName, head.outputs).catch((cause: unknown) => {
        const message = `model ${entry}: it says it takes [${shape.join(", ")}], but a trial run failed: ${reason(cause)}`;
        throw new WakeModelError("wrong_shape", entry, message, { cause });
      });
      outputs.push(tried);
    }
    const model: LoadedModel = {
      threshold: USER_THRESHOLD,
      ...(known ? cardOf(known) : cardIn(entry, read.bytes)),
      ...(askedScale && { inputScale: askedScale }),
      name,
      path,
      sha256,
      window: head.window,
      classes: known?.classes ?? classLabels(name, head),
    };
    return { model, askedScale, head, trial: { histories, outputs } };
  } finally {
    await session.release();
  }
}

function cardOf({ threshold, phrase, licence, source }: KnownModel) {
  return { threshold, phrase, licence, source, inputScale: DEFAULT_SCALE };
}

function cardIn(entry: string, bytes: Uint8Array) {
  const refuse = (what: string, options?: ErrorOptions): WakeModelError =>
    new WakeModelError("bad_metadata", entry, `model ${entry}: ${what}`, options);
  let card: ReturnType<typeof readModelCard>;
  try {
    card = readModelCard(readMetadata(bytes));
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    throw refuse(`its metadata cannot be read: ${cause.message}`, { cause });
  }
  if (typeof card === "string") throw refuse(card);
  return { inputScale: DEFAULT_SCALE, ...card };
}

function knownModel(entry: string): KnownModel {
  const asked = entry.trim().toLowerCase().replaceAll(/[ -]+/g, "_");
  const names = CATALOGUE.map((known) => known.name);
  const found = CATALOGUE.find((known) => known.name === asked);
  if (found) return found;
  const nearest = closest(asked, names);
  // A third of the letters wrong is still a slip of the fingers; more is another word.
  const guess =
    distance(asked, nearest) <= Math.max(1, Math.floor(nearest.length / 3)) ? ` Did you mean ${nearest}?` : "";
  throw new WakeModelError(
    "unknown_name",
    entry,
    `no wake word is called "${entry}".${guess} Known are ${names.join(", ")}; a model of your own is given as a path that ends in .onnx`,
  );
}

function nameOfFile(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1).replace(/\.onnx$/i, "");
  return file.replace(/[_-]v\d+(\.\d+)*$/i, "") || file;
}

/** openWakeWord names the output of a head with several classes after them: `{"1": "1_minute_timer", ...}`. */
function classLabels(name: string, head: Head): readonly string[] {
  if (head.outputs === 1) return [name];
  let labels: unknown;
  try {
    labels = JSON.parse(head.outputName);
  } catch {
    labels = undefined;
  }
  return Array.from({ length: head.outputs }, (_, index) => {
    if (index === 0) return BACKGROUND_CLASS;
    const label: unknown =
      typeof labels === "object" && labels !== null ? Reflect.get(labels, String(index)) : undefined;
    return typeof label === "string" ? label : String(index);
  });
}

export async function readReleased(
  model: string,
  released: FeatureModel,
  readFile: ReadFile,
): Promise<{ readonly path: string; readonly sha256: string; readonly bytes: Uint8Array }> {
  let path = released.file as string;
  const bytes = await readInstalled(
    `model ${model}`,
    model,
    async () => (path = await modelPath(released.file)),
    readFile,
  );
  const actual = await sha256(bytes);
  if (actual !== released.sha256) {
    throw new WakeModelError(
      "altered_file",
      model,
      `model ${model}: ${path} is not the file that was released: sha256 ${actual}, expected ${released.sha256}; ${REINSTALL}`,
    );
  }
  return { path, sha256: actual, bytes };
}

async function readInstalled(
  what: string,
  model: string,
  locate: () => Promise<string>,
  readFile: ReadFile,
): Promise<Uint8Array> {
  try {
    return await readFile(await locate());
  } catch (cause) {
    const message = `${what}: its file is missing or cannot be read: ${reason(cause)}; ${REINSTALL}`;
    throw new WakeModelError("missing_file", model, message, { cause });
  }
}

async function openGraph(model: string, path: string, bytes: Uint8Array): Promise<Session> {
  return openSession(bytes).catch((cause: unknown) => {
    const message = `model ${model}: ${path} is not a readable ONNX graph (cut short?): ${reason(cause)}`;
    throw new WakeModelError("not_onnx", model, message, { cause });
  });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
