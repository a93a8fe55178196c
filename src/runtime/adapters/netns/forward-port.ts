import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { CriError } from "../../../errors.js";
import { helperEnvironment } from "../helper-environment.js";
import { programPath } from "../program-path.js";
import { socketPair } from "../socket-pair.js";

/** How long one direction may go on after the other has ended. */
const halfOpenSeconds = 3600;
const pieceBytes = 64 * 1024;

export interface ForwardPortOptions {
  /** The host's own unless given. */
  readonly netns: string | undefined;
  readonly port: number;
  /** Private, for names that are gone at once. */
  readonly directory: string;
}

/**
 * Carries bytes between a stream and a port on localhost in a network namespace. Node cannot enter a namespace, so socat
 * does, with a socket to us. What it brings is read into the same memory again and again: the stream must have done with
 * a write when it calls it done. Rejects when nobody listens.
 */
export async function forwardPort(
  { netns, port, directory }: ForwardPortOptions,
  stream: Duplex,
): Promise<void> {
  // Its close tells enough, and may come before the socket stands.
  stream.on("error", () => {});
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  const onRead = (length: number) => {
    ours.pause();
    stream.write(buffer.subarray(0, length), () => ours.resume());
    return true;
  };
  const { ours, theirs } = await socketPair(directory, { buffer, callback: onRead });
  if (stream.destroyed) {
    for (const end of [ours, theirs]) end.destroy();
    return;
  }
  // Without shut-down it would keep its output open, and who reads would not learn that the port has closed.
  const limits = ["-t", `${halfOpenSeconds}`, "-b", `${pieceBytes}`];
  const socat = [programPath("socat"), ...limits, "-,shut-down", `TCP:localhost:${port}`];
  const [file = "", ...args] =
    netns === undefined ? socat : [programPath("nsenter"), `--net=${netns}`, ...socat];
  const child = spawn(file, args, { env: helperEnvironment(), stdio: [theirs, theirs, "pipe"] });
  theirs.destroy();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-1000);
  });
  const gone = () => {
    child.kill("SIGKILL");
    ours.destroy();
  };
  stream.once("close", gone);
  try {
    const [[exitCode]] = await Promise.all([once(child, "close"), carry(stream, ours)]);
    if (exitCode !== 0 && !stream.destroyed) throw refusal(port, said);
  } finally {
    stream.off("close", gone);
    gone();
  }
}

/** Resolves when all that the port has sent is with the stream. */
function carry(stream: Duplex, socket: Socket): Promise<void> {
  stream.pipe(socket);
  // The port may close before all that is sent to it was read.
  socket.on("error", () => stream.resume());
  return new Promise((resolve) => {
    socket.once("close", resolve).once("end", () => {
      stream.end();
      resolve();
    });
    socket.resume();
  });
}

function refusal(port: number, said: string): CriError {
  const last = said.trim().split("\n").at(-1) ?? "";
  const reason = last.replace(/^.*? E /, "") || "the connection was lost";
  return new CriError("unavailable", `Port ${port} of the pod: ${reason}`);
}
