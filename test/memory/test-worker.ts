/** A worker that gets one order and gives one answer. */
export interface TestWorker<Answer> {
  readonly answer: Promise<Answer>;
  /** Kills it wherever it is; resolves when its thread is gone. */
  kill(): Promise<void>;
}

/** @param file beside this one */
export function startWorker<Order, Answer>(file: string, order: Order): TestWorker<Answer> {
  const worker = new Worker(new URL(file, import.meta.url).href);
  const closed = new Promise<void>((resolve) => worker.addEventListener("close", () => resolve(), { once: true }));
  const kill = () => {
    worker.terminate();
    return closed;
  };
  const answer = new Promise<Answer>((resolve, reject) => {
    worker.addEventListener("message", (event: MessageEvent<Answer>) => resolve(event.data));
    worker.addEventListener("error", (event) => reject(new Error(`${file}: ${event.message}`)));
  });
  worker.postMessage(order);
  return { answer, kill };
}

/** The worker's side. */
export function answerWith<Order, Answer>(work: (order: Order) => Answer): void {
  addEventListener("message", (event: MessageEvent<Order>) => postMessage(work(event.data)), { once: true });
}
