import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";

import { CriError } from "../../../errors.js";
import { helperEnvironment } from "../helper-environment.js";

/** How long one direction may go on after the other has ended. */
const halfOpenSeconds = 3600;
/** As much as Node reads at a time. */
const pieceBytes = 64 * 1024;

/**
 * Carries bytes between a stream and a port on localhost in a network namespace; the host's own unless given.
 * Node cannot enter a namespace, so socat does, with pipes to us. Rejects when nobody listens.
 */
export async function forwardPort(netns: string | undefined, port: number, stream: Duplex): Promise<void> {
  // Without shut-close it would keep its output open, and who reads would not learn that the port has closed.
  const limits = ["-t", `${halfOpenSeconds}`, "-b", `${pieceBytes}`];
  const socat = ["socat", ...limits, "-,shut-close", `TCP:localhost:${port}`];
  const [file = "", ...args] = netns === undefined ? socat : ["nsenter", `--net=${netns}`, ...socat];
  const child = spawn(file, args, { env: helperEnvironment(), stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-1000);
  });
  const gone = () => void child.kill("SIGKILL");
  stream.once("close", gone);
  try {
    const exited = once(child, "close");
    carry(stream, child);
    const [exitCode] = await exited;
    if (exitCode !== 0 && !stream.destroyed) throw refusal(port, said);
  } finally {
    stream.off("close", gone);
    gone();
  }
}

function carry(stream: Duplex, { stdin, stdout }: ChildProcess): void {
  // The port may close before all that is sent to it was read.
  stdin?.on("error", () => stream.resume());
  stream.on("error", () => {});
  if (stdin) stream.pipe(stdin);
  stdout?.pipe(stream);
}

function refusal(port: number, said: string): CriError {
  const last = said.trim().split("\n").at(-1) ?? "";
  const reason = last.replace(/^.*? E /, "") || "the connection was lost";
  return new CriError("unavailable", `Port ${port} of the pod: ${reason}`);
}
