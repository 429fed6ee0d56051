import { expect, test } from "bun:test";
import { appInAHouse } from "./app-in-a-house.ts";

test("every activation that is under way is listed, and the house's is that of the newest word, in the old keys", async () => {
  const { lived, get } = appInAHouse();
  lived.house.wake("alexa", "kitchen", 0.9, 7);
  lived.nowMs += 100;
  lived.house.wake("hey_jarvis", "attic", 0.8, 8);
  lived.house.step({ type: "recording", fence: 8 });
  lived.house.step({ type: "processing", fence: 7 });
  const { activations } = (await get("/api/activations")).body;
  expect(activations).toMatchObject([
    { local: true },
    { relay: "attic", state: "recording", model: "hey_jarvis", fence: 8, status: "Heard hey jarvis: recording" },
    { relay: "kitchen", state: "processing", model: "alexa", fence: 7 },
  ]);
  expect((await get("/api/activation")).body).toMatchObject({
    ...{ state: "recording", source: "attic", model: "hey_jarvis", is_listening: true },
    status: "Heard hey jarvis (attic): recording",
  });
  lived.house.reset();
  expect((await get("/api/activations")).body).toMatchObject({ activations: [{ local: true }] });
});
