import { expect, test } from "bun:test";
import { demoHouse } from "../../src/demo/house-demo.ts";

test("where the port is taken nothing is started, and the house that is there is not spoken to", async () => {
  const asked: string[] = [];
  using taken = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      asked.push(url);
      return Response.json({ relays: [{ id: "mine" }], rounds: [] });
    },
  });
  const demo = demoHouse({
    ...{ port: taken.port ?? 0, commands: 1, earshot: ["false"], random: Math.random },
    ...{ signal: new AbortController().signal, tell: () => {} },
  });
  const why = await demo.then(String, ({ message }: Error) => message);
  expect(why).toBe(`port ${taken.port} is taken, perhaps by another earshot: --port chooses another`);
  expect(asked).toEqual([]);
});
