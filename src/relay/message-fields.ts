/** Fields that messages of both directions have. */
import { z } from "zod";

/** Milliseconds of somebody's monotonic clock. */
export const timeMs = z.number().min(-1e15).max(1e15);
export const durationMs = z.number().min(0).max(1e9);
/** Linear 0..1. */
export const unit = z.number().min(0).max(1);
/** Numbers that are given out in turn: as large as a double holds exactly. */
export const count = z.int().min(0);
/** The name of a wake word. */
export const model = z.string().min(1).max(63);
/** Of a relay, a room, a zone. */
export const label = z.string().max(63);
