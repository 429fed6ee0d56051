// Reading standard input without ever waiting for it.
import { dlopen, FFIType, read as peek } from "bun:ffi";

const STDIN = 0;
const POLLIN = 0x1;
const POLLNVAL = 0x20;
const EINTR = 4;
const EAGAIN = 11;

/** Reads file descriptor 0 (a pipe, socket, terminal or file) by poll and read: no event loop, no buffering of its own. */
export interface Stdin {
  /**
   * Moves what is there now into `into`.
   * @returns bytes written; 0 when there is nothing now; -1 when the stream has ended or was never open
   * @throws Error when the kernel refuses the read
   */
  readAvailable(into: Uint8Array): number;
}

/** Opens libc for reading standard input. One reader a process: two would take bytes from each other. */
export function openStdin(): Stdin {
  const { symbols } = dlopen("libc.so.6", {
    poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
    read: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
    __errno_location: { args: [], returns: "ptr" },
  });
  // struct pollfd: int fd, short events, short revents.
  const pollfd = new Int32Array([STDIN, POLLIN]);

  return {
    readAvailable(into) {
      if (into.length === 0) return 0;
      pollfd[1] = POLLIN;
      if (symbols.poll(pollfd, 1, 0) <= 0) return 0;
      if ((((pollfd[1] ?? 0) >> 16) & POLLNVAL) !== 0) return -1;
      const bytes = Number(symbols.read(STDIN, into, into.length));
      if (bytes > 0) return bytes;
      if (bytes === 0) return -1;
      const location = symbols.__errno_location();
      const errno = location === null ? 0 : peek.i32(location);
      if (errno === EINTR || errno === EAGAIN) return 0;
      throw new Error(`standard input cannot be read: errno ${errno}`);
    },
  };
}
