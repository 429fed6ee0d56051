/** The parts that routes are described with. */
import type { z } from "@hono/zod-openapi";
import { errorSchema } from "../schemas.ts";

/** A JSON answer of this shape. */
export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { "application/json": { schema } },
  description,
});

/** A JSON request of this shape. */
export const body = <S extends z.ZodType>(schema: S) => ({
  body: { content: { "application/json": { schema } }, required: true },
});

/** The answer to a request that is wrong. */
export const refusals = { 400: json(errorSchema, "what is wrong with the request") };
