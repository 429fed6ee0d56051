// The page that the tables stand in.
import { UsageError } from "./options.ts";

const BEGIN = "<!-- tables: bench/rooms.ts writes them -->";
const END = "<!-- end of the tables -->";

/** @throws UsageError where the page has no place for them */
export function withTables(page: string, tables: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new UsageError(`the page has no place for tables: a line "${BEGIN}" and one "${END}"`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${tables}\n\n${page.slice(end)}`;
}
