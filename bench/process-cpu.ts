/** What processes used of the processor, from /proc (proc(5)). */
import { readFileSync } from "node:fs";

/** CPU times of /proc are counted in these, whatever the kernel's clock is. */
const TICKS_PER_S = 100;

/** CPU time used so far by a process or a thread, ms, from its `stat`. */
export function cpuMs(stat: string): number {
  // The second field is a name in brackets, which may hold spaces: count behind it. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_S;
}

/** CPU time used so far by these processes, ms. */
export function usedMs(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuMs(readFileSync(`/proc/${pid}/stat`, "utf8")), 0);
}

/** Percent of one core that these processes use, a figure for each second. */
export async function measureCpu(pids: readonly number[], seconds: number): Promise<readonly number[]> {
  const figures: number[] = [];
  let [beforeMs, atMs] = [usedMs(pids), performance.now()];
  for (let second = 0; second < seconds; second++) {
    await Bun.sleep(1000);
    const [afterMs, nowMs] = [usedMs(pids), performance.now()];
    figures.push((100 * (afterMs - beforeMs)) / (nowMs - atMs));
    [beforeMs, atMs] = [afterMs, nowMs];
  }
  return figures;
}
