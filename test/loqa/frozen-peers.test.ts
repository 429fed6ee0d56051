// Whoever is connected and gone all the same: half-open connections, frozen programs.
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { LoqaServer } from "../../src/loqa/loqa-server.ts";
import type { LoqaCall, LoqaSession } from "../../src/loqa/loqa-session.ts";
import { until } from "./loqa-house.ts";
import { LoqaRelay } from "./loqa-relay.ts";

const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

test("who answers no ping is cut off, who answers stays", async () => {
  const lost: string[] = [];
  const calls: LoqaCall[] = [];
  const server = new LoqaServer({
    ...{ host: "127.0.0.1", port: 0, tls: undefined, mostConnections: () => 10, monotonicMs: () => performance.now() },
    pings: { everyMs: 100, withinMs: 100 },
    open: (call) => {
      calls.push(call);
      const session = { receive() {}, saidAll() {}, lost: () => void lost.push(call.peer) };
      return session as unknown as LoqaSession;
    },
  });
  const port = await server.listen();
  const alive = new LoqaRelay(port, "alive");
  await until(() => calls.length === 1, "a relay");
  const frozen = await raw(port);
  frozen.write(PREFACE);
  const silent = await raw(port);
  let gone = 0;
  for (const socket of [frozen, silent]) {
    socket.on("close", () => gone++);
    socket.resume();
  }
  await until(() => gone === 2, "both are cut off");
  await Bun.sleep(300);
  expect([alive.status, lost]).toEqual([undefined, []]);
  alive.goAway();
  await until(() => lost.length > 0, "it goes by itself");
  await server.close();
});

async function raw(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}
