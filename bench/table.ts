/** What a benchmark prints: a row for each way of doing the same thing, all from one run. */

export interface Row {
  readonly name: string;
  /** One figure for each time it was done; at least one. */
  readonly figures: readonly number[];
}

export interface TableOptions {
  readonly title: string;
  /** Of the figures, as "µs". */
  readonly unit: string;
  readonly rows: readonly Row[];
}

/** The figure that the share `q` (0..1) of all figures does not exceed. @throws RangeError when there are none */
export function quantile(figures: readonly number[], q: number): number {
  const sorted = Float64Array.from(figures).sort();
  const figure = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (figure === undefined) throw new RangeError("no figures: nothing was measured");
  return figure;
}

/** Median, 99th percentile and maximum of each row; the ratios compare medians and 99th percentiles with the first row. */
export function formatTable({ title, unit, rows }: TableOptions): string {
  const [first] = rows;
  const head = ["", "n", `median ${unit}`, `p99 ${unit}`, `max ${unit}`, "median ratio", "p99 ratio"];
  const lines = rows.map(({ name, figures }) => {
    const [median, p99, max] = [0.5, 0.99, 1].map((q) => quantile(figures, q));
    const ratio = (q: number) => `${rounded(quantile(figures, q) / quantile(first?.figures ?? figures, q))}x`;
    return [name, String(figures.length), rounded(median), rounded(p99), rounded(max), ratio(0.5), ratio(0.99)];
  });
  return `${title}\n${aligned([head, ...lines])}\n`;
}

/** Three significant digits; more would only be noise. */
export function rounded(figure = Number.NaN): string {
  return figure >= 100 ? String(Math.round(figure)) : String(Number(figure.toPrecision(3)));
}

/** The first column to the left, figures to the right. */
export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
    )
    .map((line) => line.join("  ").trimEnd())
    .join("\n");
}
