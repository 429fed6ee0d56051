/** Misses against false accepts per hour, as an SVG that is readable on light and on dark paper. */
import type { Point } from "./curves.ts";

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** At the default settings, and as the plain pipeline has it. */
  readonly standard: Point;
  readonly plain: Point;
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const PANEL = { width: 400, height: 300, left: 56, top: 64, gap: 70 };
const LEGEND_HEIGHT = 64;
/** Six hues that keep apart on both papers and for the colour-blind; more models begin again. */
const LIGHT = ["#2a78d6", "#e34948", "#008300", "#4a3aa7", "#c98500", "#1b9e9e"];
const DARK = ["#5a9ff0", "#f07a78", "#3fae3f", "#a89ff5", "#e0a92e", "#3fc4c4"];
const MISS_TICKS = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1];
const HOUR_TICKS = [0, 0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end", className = "t"): string {
  return `<text class="${className}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

/**
 * Both axes grow with the square root: what matters lies near nought, and nought itself must be on them.
 *
 * @returns a whole SVG document
 */
export function plotSvg(panels: readonly Panel[]): string {
  const width = PANEL.left + panels.length * (PANEL.width + PANEL.gap) - PANEL.gap + 24;
  const height = PANEL.top + PANEL.height + 56 + LEGEND_HEIGHT;
  const names = [...new Set(panels.flatMap(({ curves }) => curves.map(({ name }) => name)))];
  const colour = (palette: readonly string[]): string =>
    palette.map((hex, i) => `.s${i}{stroke:${hex}}.f${i}{fill:${hex}}`).join("");
  const rates = panels.flatMap(({ curves }) => curves.flatMap(({ points }) => points.map(({ perHour }) => perHour)));
  const mostPerHour = HOUR_TICKS.find((tick) => tick >= Math.max(1, ...rates)) ?? Math.max(...rates);
  const body = panels.map((panel, index) => {
    const left = PANEL.left + index * (PANEL.width + PANEL.gap);
    return panelSvg(panel, left, mostPerHour, (name) => names.indexOf(name) % LIGHT.length);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Misses against false accepts per hour">
<style>
.paper{fill:#fff}.t{font:12px system-ui,sans-serif;fill:#444}.h{font:600 14px system-ui,sans-serif;fill:#111}
.g{stroke:#e2e2e2}.c{fill:none;stroke-width:2;stroke-linejoin:round}.o{fill:#fff;stroke-width:2}${colour(LIGHT)}
@media (prefers-color-scheme:dark){.paper{fill:#16181c}.t{fill:#b9bcc4}.h{fill:#f2f2f2}.g{stroke:#33363d}.o{fill:#16181c}${colour(DARK)}}
</style>
<rect class="paper" width="${width}" height="${height}"/>
${text(PANEL.left, 22, "Misses against false accepts, over thresholds", "start", "h")}
${body.join("\n")}
${legendSvg(names, PANEL.top + PANEL.height + 64)}
</svg>
`;
}

function panelSvg(
  { title, curves }: Panel,
  left: number,
  mostPerHour: number,
  colourOf: (name: string) => number,
): string {
  const bottom = PANEL.top + PANEL.height;
  const x = (perHour: number): number => left + PANEL.width * Math.sqrt(Math.min(1, perHour / mostPerHour));
  const y = (share: number): number => bottom - PANEL.height * Math.sqrt(share);
  const at = ({ perHour, missedShare }: Point): string => `${x(perHour).toFixed(1)},${y(missedShare).toFixed(1)}`;
  const hourTicks = HOUR_TICKS.filter((tick) => tick <= mostPerHour && (tick === 0 || x(tick) - left > 20));
  const grid = [
    ...MISS_TICKS.flatMap((share) => [
      `<path class="g" d="M${left} ${y(share).toFixed(1)}h${PANEL.width}"/>`,
      text(left - 8, y(share) + 4, `${share * 100} %`, "end"),
    ]),
    ...hourTicks.flatMap((rate) => [
      `<path class="g" d="M${x(rate).toFixed(1)} ${PANEL.top}v${PANEL.height}"/>`,
      text(x(rate), bottom + 18, String(rate), "middle"),
    ]),
    text(left, PANEL.top - 12, `Missed, ${title}`, "start"),
    text(left + PANEL.width / 2, bottom + 38, "false accepts per hour", "middle"),
  ];
  const drawn = curves.map(({ name, points, standard, plain }) => {
    const i = colourOf(name);
    const spots = points
      .map((point) => {
        const said = `${name}, threshold ${point.threshold}: ${(100 * point.missedShare).toFixed(1)} % missed, ${point.perHour.toFixed(2)} an hour`;
        return `<circle class="f${i}" cx="${x(point.perHour).toFixed(1)}" cy="${y(point.missedShare).toFixed(1)}" r="2.5"><title>${escaped(said)}</title></circle>`;
      })
      .join("");
    const [plainX, plainY] = at(plain).split(",");
    const [standardX, standardY] = at(standard).split(",");
    return `<polyline class="c s${i}" points="${points.map(at).join(" ")}"/>${spots}
<circle class="o s${i}" cx="${plainX}" cy="${plainY}" r="6"/><circle class="f${i}" cx="${standardX}" cy="${standardY}" r="6"/>`;
  });
  return [...grid, ...drawn].join("\n");
}

function legendSvg(names: readonly string[], top: number): string {
  const step = 120;
  const models = names.map((name, i) => {
    const x = PANEL.left + i * step;
    return `<path class="c s${i % LIGHT.length}" d="M${x} ${top - 4}h18"/>${text(x + 24, top, name, "start")}`;
  });
  const row = top + 24;
  const marks = `<circle class="f0" cx="${PANEL.left + 9}" cy="${row - 4}" r="6"/>${text(PANEL.left + 24, row, "default settings", "start")}
<circle class="o s0" cx="${PANEL.left + 2 * step + 9}" cy="${row - 4}" r="6"/>${text(PANEL.left + 2 * step + 24, row, "the plain pipeline: 0.5, first frame", "start")}`;
  return [...models, marks].join("\n");
}
