/**
 * The last minute of the local microphone: a line a model, its threshold, what was heard or nearly, and faintly the
 * level behind them.
 */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Ear } from "../ear.ts";
import { WINDOW_MS } from "../history.ts";
import { resolveColour, seriesColour } from "../palette.ts";

const HEIGHT_PX = 196;
/** Six drawings a second show a minute well enough, and are half the work of drawing every frame of 80 ms. */
const LEAST_BETWEEN_MS = 160;

export function ScorePlot({ ear }: { readonly ear: Ear }) {
  const frame = useRef<HTMLDivElement>(null);
  const gone = ear.freshness.value === "gone";

  useEffect(() => (frame.current === null ? undefined : keepPlot(frame.current, ear)), [ear]);

  return (
    <div class="plot" data-fresh={ear.freshness.value}>
      <div
        ref={frame}
        class="plot-frame"
        role="img"
        aria-label="Scores of the last minute"
        style={{ height: `${HEIGHT_PX}px` }}
      />
      {gone ? (
        <p class="plot-gone">No scores are known now</p>
      ) : (
        <p class="plot-key" aria-hidden="true">
          <span>threshold</span>
          <span class="key-heard">heard</span>
          <span class="key-nearly">nearly</span>
          <span class="key-level">level</span>
        </p>
      )}
    </div>
  );
}

/**
 * Keeps a plot in an element: drawn when data came and it can be seen, built anew when models or colours change.
 * Returns what ends it.
 */
function keepPlot(element: HTMLElement, ear: Ear): () => void {
  let plot: uPlot | null = null;
  let builtFor = "";
  let asked = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let onScreen = true;
  let ended = false;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const draw = (frameMs: number): void => {
    asked = false;
    if (ended) return;
    drawnAtMs = frameMs;
    const nowMs = ear.serverNowMs();
    const models = ear.history.models.join("\n");
    if (plot === null || builtFor !== models) {
      plot?.destroy();
      plot = buildPlot(element, ear);
      builtFor = models;
    }
    plot.batch(() => {
      plot?.setData(ear.history.columns(nowMs), false);
      plot?.setScale("x", { min: (nowMs - WINDOW_MS) / 1000, max: nowMs / 1000 });
    });
  };
  const ask = (): void => {
    if (asked || !onScreen || document.hidden) return;
    asked = true;
    const waitMs = Math.max(0, drawnAtMs + LEAST_BETWEEN_MS - performance.now());
    timer = setTimeout(() => requestAnimationFrame(draw), waitMs);
  };
  const rebuild = (): void => {
    builtFor = "rebuild";
    ask();
  };
  const resized = new ResizeObserver(() => {
    plot?.setSize({ width: element.clientWidth, height: HEIGHT_PX });
  });
  const seen = new IntersectionObserver((entries) => {
    onScreen = entries.at(-1)?.isIntersecting ?? true;
    ask();
  });
  const stopEffect = effect(() => {
    void ear.plotVersion.value;
    ask();
  });
  resized.observe(element);
  seen.observe(element);
  dark.addEventListener("change", rebuild);
  document.addEventListener("visibilitychange", ask);

  return () => {
    stopEffect();
    resized.disconnect();
    seen.disconnect();
    dark.removeEventListener("change", rebuild);
    document.removeEventListener("visibilitychange", ask);
    ended = true;
    clearTimeout(timer);
    plot?.destroy();
  };
}

function buildPlot(element: HTMLElement, ear: Ear): uPlot {
  const colour = (css: string): string => resolveColour(element, css);
  const muted = colour("var(--muted)");
  const line = colour("var(--line)");
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const series = ear.history.models.map((_, index) => colour(seriesColour(index)));
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, auto: false }, y: { auto: false, range: [0, 1] } },
      axes: [
        {
          stroke: muted,
          font,
          size: 28,
          grid: { show: false },
          ticks: { show: false },
          splits: (self) => [60, 45, 30, 15, 0].map((ageS) => (self.scales.x?.max ?? 0) - ageS),
          values: (self, splits) => splits.map((split) => timeLabel((self.scales.x?.max ?? 0) - split)),
        },
        {
          stroke: muted,
          font,
          size: 36,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          splits: () => [0, 0.25, 0.5, 0.75, 1],
          values: () => ["0", "", "0.5", "", "1"],
        },
      ],
      series: [
        {},
        { fill: colour("var(--level-fill)"), width: 0, points: { show: false } },
        ...series.map((stroke) => ({ stroke, width: 2, points: { show: false } })),
      ],
      hooks: {
        drawAxes: [(self) => drawThresholds(self, ear, series)],
        draw: [(self) => drawNearMisses(self, ear, series), (self) => drawDetections(self, ear, series)],
      },
    },
    ear.history.columns(ear.serverNowMs()),
    element,
  );
}

function timeLabel(ageS: number): string {
  const seconds = Math.round(ageS);
  return seconds === 0 ? "now" : `−${seconds} s`;
}

function drawThresholds(plot: uPlot, ear: Ear, colours: readonly string[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  ear.history.models.forEach((name, index) => {
    const model = ear.state.peek()?.models.find((candidate) => candidate.name === name);
    if (model === undefined || model.state !== "listening") return;
    const y = Math.round(plot.valToPos(model.threshold, "y", true));
    ctx.strokeStyle = colours[index] ?? "";
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  });
  ctx.restore();
}

function drawNearMisses(plot: uPlot, ear: Ear, colours: readonly string[]): void {
  const { ctx } = plot;
  const left = plot.scales.x?.min ?? 0;
  const arm = 3.5 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.75 * devicePixelRatio;
  for (const { stream, model, confidence, timestamp } of ear.state.peek()?.nearMisses ?? []) {
    if (stream !== 0 || timestamp / 1000 < left) continue;
    const x = plot.valToPos(timestamp / 1000, "x", true);
    const y = plot.valToPos(Math.min(1, confidence), "y", true);
    ctx.strokeStyle = colours[ear.history.models.indexOf(model)] ?? "";
    ctx.beginPath();
    ctx.moveTo(x - arm, y - arm);
    ctx.lineTo(x + arm, y + arm);
    ctx.moveTo(x + arm, y - arm);
    ctx.lineTo(x - arm, y + arm);
    ctx.stroke();
  }
  ctx.restore();
}

function drawDetections(plot: uPlot, ear: Ear, colours: readonly string[]): void {
  const { ctx, bbox } = plot;
  const left = plot.scales.x?.min ?? 0;
  ctx.save();
  for (const detection of ear.state.peek()?.detections ?? []) {
    if (detection.stream !== 0 || detection.timestamp / 1000 < left) continue;
    const x = plot.valToPos(detection.timestamp / 1000, "x", true);
    const y = plot.valToPos(Math.min(1, detection.confidence), "y", true);
    const colour = colours[ear.history.models.indexOf(detection.model)] ?? "";
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.globalAlpha = 0.45;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(x, y, 4.5 * devicePixelRatio, 0, 2 * Math.PI);
    if (detection.simulated) ctx.stroke();
    else ctx.fill();
  }
  ctx.restore();
}
