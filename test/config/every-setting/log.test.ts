import { expect } from "bun:test";
import { logged } from "./logged.ts";
import { turningOf } from "./turning.ts";

const turning = turningOf("log");

turning("log.level", async () => {
  expect(await logged("log: {level: info}")).toHaveLength(2);
  expect(await logged("log: {level: error}")).toHaveLength(1);
});

turning("log.format", async () => {
  expect((await logged("log: {format: text}"))[1]).toContain("a failure  count=2");
  expect(JSON.parse((await logged("log: {format: json}"))[1] ?? "")).toMatchObject({
    message: "a failure",
    count: 2,
  });
});
