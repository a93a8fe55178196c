import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";

import { CriError } from "../../../errors.js";
import { helperEnvironment } from "../helper-environment.js";
import { programPath } from "../program-path.js";
import { socketPair } from "../socket-pair.js";

/** How long one direction may go on after the other has ended. */
const halfOpenSeconds = 3600;
const pieceBytes = 64 * 1024;
/** What socat says of a connection that broke as it read from it or wrote to it. */
const lost = / [EW] (read|write)\(/;

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
 * a write when it calls it done. Rejects when nobody listens, and without an end of the stream when the port resets its
 * connection.
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
  // Of a reset it warns, and ends our side as after an end.
  const socat = [programPath("socat"), "-d", ...limits, "-,shut-down", `TCP:localhost:${port},nodelay`];
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
    const check = () => {
      if (lost.test(said)) throw refusal(port, said);
    };
    const [[exitCode]] = await Promise.all([once(child, "close"), carry(stream, ours, check)]);
    if (exitCode !== 0 && !stream.destroyed) throw refusal(port, said);
  } finally {
    stream.off("close", gone);
    gone();
  }
}

/** Resolves when all that the port has sent is with the stream. An end that `check` throws at is none. */
function carry(stream: Duplex, socket: Socket, check: () => void): Promise<void> {
  stream.pipe(socket);
  // The port may close before all that is sent to it was read.
  socket.on("error", () => stream.resume());
  return new Promise((resolve, reject) => {
    const end = () => {
      check();
      stream.end();
    };
    socket.once("close", () => socket.readableEnded || resolve());
    socket.once("end", () => whatWasSaidIsRead().then(end).then(resolve, reject));
    socket.resume();
  });
}

/** What was written before something that has been read is there: one look at all that can be read brings it. */
async function whatWasSaidIsRead(): Promise<void> {
  // The first comes before that look, the second after it.
  for (let turn = 0; turn < 2; turn += 1) await setImmediate();
}

function refusal(port: number, said: string): CriError {
  const last = said.trim().split("\n").at(-1) ?? "";
  const reason = last.replace(/^.*? [EW] (\w+\(.*\): )?/, "") || "the connection was lost";
  return new CriError("unavailable", `Port ${port} of the pod: ${reason}`);
}
