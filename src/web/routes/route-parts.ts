/** The parts that routes are described with. */
import type { z } from "@hono/zod-openapi";
import type { ModelView } from "../schemas/models.ts";
import { errorSchema, WebError } from "../web-error.ts";

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

/** @throws WebError (no_such_model) with the names that there are */
export function modelNamed(models: readonly ModelView[], name: string): ModelView {
  const model = models.find((candidate) => candidate.name === name);
  if (model !== undefined) return model;
  const known = models.map((candidate) => candidate.name).join(", ") || "none";
  throw new WebError(404, "no_such_model", `no model "${name}"`, `there are ${known}`);
}
