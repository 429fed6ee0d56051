import type { MiddlewareHandler } from "hono";
import { upgradeWebSocket } from "hono/bun";
import type { Audience, Listener } from "./audience.ts";
import type { LiveMessage } from "./schemas/live.ts";

/** `/ws`: greets with everything, then the audience tells what changes. What a client sends is not listened to. */
export function liveRoute(audience: Audience, greeting: () => LiveMessage): MiddlewareHandler {
  return upgradeWebSocket(() => {
    let listener: Listener | undefined;
    return {
      onOpen: (_event, socket) => {
        listener = socket;
        audience.join(socket, greeting());
      },
      onClose: () => {
        if (listener !== undefined) audience.leave(listener);
      },
    };
  });
}
