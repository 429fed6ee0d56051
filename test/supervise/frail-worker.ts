/** A worker that ends in the way that its settings name. */
import { FatalError, liveAsWorker } from "../../src/supervise/worker-life.ts";

liveAsWorker<string>("capture", async (memory, how) => {
  memory.heartbeat("capture").writer().publish();
  const forEver = new Promise<never>(() => {});
  switch (how) {
    case "returns":
      return;
    case "rejects":
      throw new Error("it threw\nover two lines");
    case "is fatal":
      throw new FatalError("port_taken", "the port is taken");
    case "throws elsewhere":
      setTimeout(() => {
        throw new Error("thrown in a timer");
      }, 1);
      return forEver;
    case "rejects elsewhere":
      void Promise.reject(new Error("a promise that nobody caught"));
      return forEver;
    case "rejects with a text":
      return Promise.reject("just words");
    case "exits":
      process.exit(3);
      return;
    default:
      return forEver;
  }
});
