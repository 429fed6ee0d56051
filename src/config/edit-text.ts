/**
 * One setting changed in the text of a YAML file, every other byte left alone: people align, comment and order their
 * files, and a change by the page must not undo that. What is too intricate to splice is written anew by the YAML
 * library, which keeps comments and order, but not the spacing.
 */
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  type Pair,
  parse,
  parseDocument,
  stringify,
  visit,
  type YAMLMap,
} from "yaml";

export type Path = readonly string[];

/**
 * @param value what to put at the path, in place of what is there; undefined to take the key out
 * @returns the new text, whose content is that of the old but for this path
 */
export function editText(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  if (value === undefined && !hasIn(document.toJS(), path)) return text;
  const expected = JSON.stringify(edited(document.toJS() ?? {}, path, value));
  const spliced = splice(text, document, path, value);
  if (spliced !== undefined && JSON.stringify(contentOf(spliced)) === expected) return spliced;
  return rewritten(document, path, value);
}

/** @returns undefined when it is no YAML, or an alias in it leads nowhere */
function contentOf(text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch {
    return undefined;
  }
}

/** A copy of `content` with the value at the path; what is in the way and no map gives way to one. */
function edited(content: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const copy: Record<string, unknown> = isPlainObject(content) ? { ...content } : {};
  if (rest.length === 0 && value === undefined) delete copy[key];
  else copy[key] = edited(copy[key], rest, value);
  return copy;
}

function hasIn(content: unknown, [key, ...rest]: Path): boolean {
  if (key === undefined) return true;
  return isPlainObject(content) && Object.hasOwn(content, key) && hasIn(content[key], rest);
}

/** @returns undefined when it takes more than one splice */
function splice(text: string, document: Document, path: Path, value: unknown): string | undefined {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  let map: unknown = document.contents;
  if (map === null) return withLines(text, text.length, block(path, value, ""), newline);
  for (let depth = 0; depth < path.length; depth++) {
    if (!isMap(map) || map.anchor !== undefined) return undefined;
    const rest = path.slice(depth);
    if (map.flow) return spliceFlow(text, map, rest, value);
    const pair = map.items.find(({ key }) => isScalar(key) && key.value === path[depth]);
    if (pair === undefined) return insert(text, map, rest, value, newline);
    if (rest.length === 1) {
      return value === undefined ? remove(text, map, pair) : replace(text, map, pair, value, newline);
    }
    if (isEmptyNull(pair.value)) return insertInside(text, map, pair, rest.slice(1), value, newline);
    map = pair.value;
  }
  return undefined;
}

function replace(text: string, map: YAMLMap, pair: Pair, value: unknown, newline: string): string | undefined {
  const { value: node } = pair;
  if (isEmptyNull(node)) {
    const key = rangeOf(pair.key);
    if (key === undefined || isPlainObject(value) || !text.startsWith(":", key.end)) return undefined;
    return spliced(text, key.end + 1, key.end + 1, ` ${flow(value)}`);
  }
  const range = rangeOf(node);
  if (range === undefined || (isScalar(node) && node.anchor !== undefined)) return undefined;
  if (isMap(node) && !node.flow) {
    const key = rangeOf(pair.key);
    return (
      key && spliced(text, key.start, range.end, trimmedEnd(block([keyOf(pair)], value, indentOf(text, map)), newline))
    );
  }
  return spliced(text, range.start, range.end, flow(value));
}

function remove(text: string, map: YAMLMap, pair: Pair): string | undefined {
  const key = rangeOf(pair.key);
  if (key === undefined) return undefined;
  const end = endOf(pair);
  if (map.items.length === 1) return spliced(text, key.start, end, "{}");
  return spliced(text, lineStart(text, key.start), lineEnd(text, end), "");
}

/** Behind the last of a block map's settings. */
function insert(text: string, map: YAMLMap, rest: Path, value: unknown, newline: string): string | undefined {
  const last = map.items.at(-1);
  if (last === undefined) return undefined;
  return withLines(text, lineEnd(text, endOf(last)), block(rest, value, indentOf(text, map)), newline);
}

/** Under a key that stands alone, as `alexa:`. */
function insertInside(
  text: string,
  map: YAMLMap,
  pair: Pair,
  rest: Path,
  value: unknown,
  newline: string,
): string | undefined {
  const key = rangeOf(pair.key);
  if (key === undefined) return undefined;
  return withLines(text, lineEnd(text, key.end), block(rest, value, `${indentOf(text, map)}  `), newline);
}

function spliceFlow(text: string, map: YAMLMap, rest: Path, value: unknown): string | undefined {
  const range = rangeOf(map);
  if (range === undefined || text.slice(range.start, range.end).includes("#")) return undefined;
  return spliced(text, range.start, range.end, flow(edited(map.toJSON(), rest, value)));
}

function rewritten(document: Document, path: Path, value: unknown): string {
  if (isScalar(document.contents)) document.contents = null;
  giveEachItsOwn(document);
  for (let depth = 1; depth < path.length; depth++) {
    const around = path.slice(0, depth);
    if (document.hasIn(around) && !isMap(document.getIn(around, true))) document.setIn(around, document.createNode({}));
  }
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
  return document.toString({ lineWidth: 0 });
}

/** What is shared by an alias would change in every place when it changes in one. */
function giveEachItsOwn(document: Document): void {
  visit(document, { Alias: (_key, alias) => document.createNode(alias.toJS(document)) });
  visit(document, {
    Value: (_key, node) => {
      delete node.anchor;
    },
  });
}

/** `audio:` with nothing behind it. */
function isEmptyNull(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? "") === "");
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

interface Range {
  readonly start: number;
  /** Behind the value, before spaces and comments that follow it. */
  readonly end: number;
}

function rangeOf(node: unknown): Range | undefined {
  return isNode(node) && node.range ? { start: node.range[0], end: node.range[1] } : undefined;
}

/** Where a pair ends: a block map's own range goes on over comments that follow it, so its last pair's counts. */
function endOf(pair: Pair): number {
  const { value } = pair;
  const last = isMap(value) && !value.flow ? value.items.at(-1) : undefined;
  if (last !== undefined) return endOf(last);
  return Math.max(rangeOf(pair.key)?.end ?? 0, isEmptyNull(value) ? 0 : (rangeOf(value)?.end ?? 0));
}

function indentOf(text: string, map: YAMLMap): string {
  const start = rangeOf(map.items[0]?.key)?.start ?? 0;
  return text.slice(lineStart(text, start), start);
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the line's end. */
function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}

/** Lines that put the value at the path. */
function block(path: Path, value: unknown, indent: string): string {
  const lines = stringify(edited({}, path, value), { lineWidth: 0 })
    .trimEnd()
    .split("\n");
  return lines.map((line) => `${indent}${line}\n`).join("");
}

function flow(value: unknown): string {
  if (typeof value === "string" && /^[a-z][\w.-]*$/i.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value)) {
    return value;
  }
  if (!isPlainObject(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${flow(key)}: ${flow(each)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function withLines(text: string, at: number, lines: string, newline: string): string {
  const before = text.slice(0, at);
  const gap = before === "" || before.endsWith("\n") ? "" : newline;
  return `${before}${gap}${lines.replaceAll("\n", newline)}${text.slice(at)}`;
}

function trimmedEnd(lines: string, newline: string): string {
  return lines.trim().replaceAll("\n", newline);
}

function spliced(text: string, start: number, end: number, replacement: string): string {
  return `${text.slice(0, start)}${replacement}${text.slice(end)}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
