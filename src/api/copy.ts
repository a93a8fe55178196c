import { spawn } from "node:child_process";
import { once } from "node:events";
import { posix, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { CriError, InvalidArgumentError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { Session } from "../sessions/session.js";
import type { ApiContext } from "./context.js";
import { spawnSession } from "./spawn.js";

/** A tar program at work: on this machine, or in the container. */
interface Tar {
  /** What it complained of; it has ended then. */
  readonly failed: Promise<string | undefined>;
}

/**
 * Copies a file or a directory, with all that is in it, from this machine into a directory of the container.
 * Both sides need a tar program: it keeps modes, links and times.
 */
export async function copyIn(
  context: ApiContext,
  containerId: string,
  paths: { from: string; to: string },
  options: CallOptions,
): Promise<void> {
  const from = resolve(paths.from);
  checkInside(paths.to, "to");
  const args = ["-cf", "-", "-C", posix.dirname(from), "--", posix.basename(from)];
  const command = ["tar", "-xf", "-", "-C", paths.to];
  const session = await spawnSession(context, containerId, command, { ...options, stdin: true });
  // Not before: Node throws away what a program has said that ends with nobody reading.
  const packing = spawn("tar", args, { stdio: ["ignore", "pipe", "pipe"] });
  const packed = localTar(packing);
  try {
    session.stdout.resume();
    const carried = pipeline(packing.stdout, session.stdin).then(() => undefined, lossOf);
    await finish([packed, containerTar(session)], carried, `${paths.from} into ${paths.to} of the container`);
  } finally {
    packing.kill("SIGKILL");
    await session.close();
  }
}

/** Copies a file or a directory of the container into a directory of this machine. */
export async function copyOut(
  context: ApiContext,
  containerId: string,
  paths: { from: string; to: string },
  options: CallOptions,
): Promise<void> {
  checkInside(paths.from, "from");
  const args = ["-xf", "-", "-C", resolve(paths.to)];
  const command = ["tar", "-cf", "-", "-C", posix.dirname(paths.from), "--", posix.basename(paths.from)];
  const session = await spawnSession(context, containerId, command, options);
  const unpacking = spawn("tar", args, { stdio: ["pipe", "ignore", "pipe"] });
  const unpacked = localTar(unpacking);
  try {
    const carried = pipeline(session.stdout, unpacking.stdin).then(() => undefined, lossOf);
    await finish(
      [containerTar(session), unpacked],
      carried,
      `${paths.from} of the container into ${paths.to}`,
    );
  } finally {
    unpacking.kill("SIGKILL");
    await session.close();
  }
}

function checkInside(path: string, field: string): void {
  if (posix.isAbsolute(path)) return;
  throw new InvalidArgumentError(
    `${field}: ${JSON.stringify(path)} is not an absolute path in the container`,
    {
      field,
    },
  );
}

function localTar(child: ReturnType<typeof spawn>): Tar {
  const ended = once(child, "close").catch((error) => [error.message]);
  const said = child.stderr ? text(child.stderr) : Promise.resolve("");
  const failed = Promise.all([ended, said]).then(([[code], words]) => {
    return code === 0 ? undefined : words.trim() || `tar on this machine: ${code}`;
  });
  return { failed };
}

function containerTar(session: Session): Tar {
  const failed = Promise.all([session.exited, text(session.stderr)]).then(([{ exitCode }, words]) => {
    return exitCode === 0 ? undefined : words.trim() || `tar in the container ended with code ${exitCode}`;
  });
  return { failed };
}

/** Of the session's end: a pipe's end is told better by the tar program behind it. */
function lossOf(error: unknown): string | undefined {
  return error instanceof CriError ? error.message : undefined;
}

/** The first of the two has the reason: the second only sees its data end. */
async function finish(
  tars: readonly [Tar, Tar],
  carried: Promise<string | undefined>,
  what: string,
): Promise<void> {
  const [first, second, loss] = await Promise.all([tars[0].failed, tars[1].failed, carried]);
  const reason = first ?? loss ?? second;
  if (reason !== undefined) throw new CriError("failed_precondition", `Could not copy ${what}: ${reason}`);
}
