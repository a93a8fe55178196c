import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { connect, createServer, type OnReadOpts, type Socket } from "node:net";

import { CriError } from "../../errors.js";

const timeoutMs = 5000;

/** Both ends of a connection within this machine. */
export interface SocketPair {
  /** Reads as `onread` has it. */
  readonly ours: Socket;
  /** Not read: for a program to have. */
  readonly theirs: Socket;
}

/**
 * Node has no socketpair(2), and the pipes that it makes for a program bring each read in new memory. So it connects to
 * itself, by a name in a directory that nobody else may enter, which is gone when both ends stand.
 */
export async function socketPair(directory: string, onread: OnReadOpts): Promise<SocketPair> {
  // The whole path may be longer than an address can be.
  const within = openSync(directory, "r");
  const path = `/proc/self/fd/${within}/${randomBytes(8).toString("hex")}`;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path);
  // One that is let in only to be shut out, for want of file descriptors, is told to nobody.
  const limit = { signal: AbortSignal.timeout(timeoutMs) };
  const ours = connect({ path, allowHalfOpen: true, onread });
  try {
    const [[theirs]] = await Promise.all([once(server, "connection", limit), once(ours, "connect", limit)]);
    return { ours, theirs };
  } catch (cause) {
    ours.destroy();
    throw new CriError("internal", "A connection within the daemon could not be made", { cause });
  } finally {
    server.close();
    closeSync(within);
  }
}
