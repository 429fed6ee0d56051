/** The dashboard's files. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Asset } from "../page.ts";

export function addPageRoutes(app: OpenAPIHono, page: ReadonlyMap<string, Asset>): void {
  for (const [path, asset] of page) {
    app.get(path, (context) => {
      const headers = {
        "content-type": asset.type,
        etag: asset.etag,
        "cache-control": path === "/" ? "no-cache" : "max-age=31536000, immutable",
      };
      return context.req.header("if-none-match") === asset.etag
        ? context.body(null, 304, headers)
        : context.body(asset.body, 200, headers);
    });
  }
}
