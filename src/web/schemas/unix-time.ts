/** Points in time, as answers give them. */
import { z } from "@hono/zod-openapi";

export const unixMs = z.number().describe("UTC, milliseconds since 1970");

export const unixSeconds = z.number().describe("UTC, seconds since 1970");
