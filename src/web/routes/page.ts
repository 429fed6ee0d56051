/** The files of the pages, and what a phone must know before it trusts them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Asset } from "../page.ts";

/** A file whose name says what is in it never changes: `/chunk-2412sjxz.js`. */
const HASHED = /-[0-9a-z]{8}\.\w+$/;

export function addPageRoutes(app: OpenAPIHono, page: ReadonlyMap<string, Asset>): void {
  for (const [path, asset] of page) {
    app.get(path, (context) => {
      const headers = {
        "content-type": asset.type,
        etag: asset.etag,
        "cache-control": HASHED.test(path) ? "max-age=31536000, immutable" : "no-cache",
      };
      return context.req.header("if-none-match") === asset.etag
        ? context.body(null, 304, headers)
        : context.body(asset.body, 200, headers);
    });
  }
}

/** Every phone knows the type: it offers to install what it gets. */
export function addAuthorityRoute(app: OpenAPIHono, authority: string | undefined): void {
  if (authority === undefined) return;
  app.get("/earshot-ca.crt", (context) =>
    context.body(authority, 200, {
      "content-type": "application/x-x509-ca-cert",
      "content-disposition": 'attachment; filename="earshot-ca.crt"',
    }),
  );
}
