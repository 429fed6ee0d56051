// A thread of the house that does one thing with the shared memory: writes levels and sound flat out, or reads and exits.
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { answerWith } from "../memory/test-worker.ts";

export interface ItsOrder {
  readonly job: "write sound" | "read and exit";
  readonly buffer: SharedArrayBuffer;
  /** 1 from when it is at work, 2 from when it shall end. */
  readonly turn: Int32Array;
}

export interface ItsAnswer {
  readonly levels: number;
}

answerWith<ItsOrder, ItsAnswer>(({ job, buffer, turn }) => {
  const memory = SharedMemory.attach(buffer);
  if (job === "read and exit") {
    memory.activation(0).reader().refresh();
    memory.level(0).reader().refresh();
    memory.audioReader(0, "oldest").read(new Int16Array(320));
    process.exit(0);
  }
  const level = memory.level(0).writer();
  const audio = memory.audioWriter(0);
  const block = new Int16Array(320);
  Atomics.store(turn, 0, 1);
  let levels = 0;
  while (Atomics.load(turn, 0) === 1) {
    audio.write(block, block.length);
    level.value.samples = ++levels;
    level.publish();
  }
  return { levels };
});
