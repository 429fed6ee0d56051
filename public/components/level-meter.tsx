/** How loud it is: 12 segments, the loudest of late, and the noise floor. */
import { type ReadonlySignal, useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import {
  fallenPeak,
  isClipping,
  levelDb,
  type PeakHold,
  raisePeak,
  SEGMENTS,
  scalePosition,
  segmentsLit,
} from "../meter.ts";
import { ASLEEP } from "../words.ts";

/** Null where nothing is known. Levels are linear, 0..1. */
export interface LevelSource {
  readonly rms: ReadonlySignal<number | null>;
  readonly levels: ReadonlySignal<{ readonly noiseFloor: number; readonly peak: number } | null>;
  /** Whether the network sleeps over the quiet. */
  readonly asleep: ReadonlySignal<boolean>;
  /** Monotone milliseconds, as of the last tick. */
  readonly tickMs: ReadonlySignal<number>;
}

export function LevelMeter({ ear }: { readonly ear: LevelSource }) {
  const hold = useRef<PeakHold | null>(null);
  const known = useComputed(() => ear.rms.value !== null);
  const lit = useComputed(() => segmentsLit(ear.rms.value ?? 0));
  const held = useComputed(() => {
    const nowMs = ear.tickMs.value;
    if (!known.value) hold.current = null;
    else hold.current = raisePeak(hold.current, lit.value, nowMs);
    return hold.current === null ? 0 : Math.round(fallenPeak(hold.current, nowMs));
  });
  const floor = useComputed(() => {
    const level = ear.levels.value?.noiseFloor ?? 0;
    return known.value ? Math.round(scalePosition(level) * 200) / 200 : 0;
  });
  const clipping = useComputed(() => known.value && isClipping(ear.levels.value?.peak ?? 0));
  const words = useComputed(() => describeLevel(ear.rms.value));

  return (
    <div class="level" data-known={known.value}>
      <div class="level-head">
        <span id="level-label">Level</span>
        <span class="level-words">
          {ear.asleep.value && (
            <span title={ASLEEP} data-testid="asleep">
              Asleep: only the room's quiet
            </span>
          )}
          {clipping.value && <strong class="clipping">Too loud, clipping</strong>}
          <span>{words}</span>
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: the meter element cannot be drawn as segments in every browser */}
      <div
        class="meter"
        role="meter"
        aria-labelledby="level-label"
        aria-valuemin={0}
        aria-valuemax={SEGMENTS}
        aria-valuenow={lit.value}
        aria-valuetext={known.value ? `${lit.value} of ${SEGMENTS}` : "not known"}
      >
        {Array.from({ length: SEGMENTS }, (_, index) => (
          <span
            key={index}
            class="segment"
            data-lit={index < lit.value}
            data-held={held.value > lit.value && index === held.value - 1}
          />
        ))}
        {floor.value > 0 && (
          <span class="floor" style={{ left: `${floor.value * 100}%` }} title="Noise floor" aria-hidden="true" />
        )}
      </div>
      <div class="level-foot" aria-hidden="true">
        <span>quiet</span>
        {floor.value > 0 && <span class="floor-key">noise floor</span>}
        <span>loud</span>
      </div>
    </div>
  );
}

function describeLevel(rms: number | null): string {
  if (rms === null) return "–";
  const level = levelDb(rms);
  return level === null ? "silence" : `${Math.round(level)} dB`.replace("-", "−");
}
