import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { text } from "node:stream/consumers";

import type { ExecRequest } from "../../proto.js";
import { checkChannels } from "../../streaming/check-channels.js";
import type { ExecSessionRequest, SessionIo } from "../../streaming/streaming-runtime.js";
import type { SessionStatus } from "../../wire/channels.js";
import { setTerminalSize } from "../adapters/terminal-size.js";
import type { RuntimeDeps } from "../deps.js";
import { type Command, requireRunning, withCommand } from "./command.js";

/** Checks what can be checked before a client comes for its session. */
export function prepareExec(deps: RuntimeDeps, request: ExecRequest): ExecSessionRequest {
  const { cmd, stdin, stdout, stderr, tty } = request;
  const { id } = requireRunning(deps, { containerId: request.containerId, command: cmd });
  checkChannels(request);
  return { containerId: id, command: cmd, stdin, stdout, stderr, tty };
}

/** Runs a command in a container with a client at its channels. When the client goes, the command is killed. */
export async function execSession(
  deps: RuntimeDeps,
  request: ExecSessionRequest,
  io: SessionIo,
): Promise<SessionStatus> {
  return withCommand(deps, request, async (command) => {
    const kill = () =>
      void command.kill().catch((error) => deps.log.warn("Could not kill a command", { error }));
    if (io.signal.aborted) kill();
    io.signal.addEventListener("abort", kill, { once: true });
    try {
      return await (request.tty ? runOnTerminal(command, request, io) : runOnPipes(command, request, io));
    } finally {
      io.signal.removeEventListener("abort", kill);
    }
  });
}

async function runOnPipes(
  command: Command,
  { command: words }: ExecSessionRequest,
  { stdin, stdout, stderr }: SessionIo,
): Promise<SessionStatus> {
  const { child } = command;
  const ended = exitCodeOf(child);
  feed(stdin, child.stdin);
  const outputs = [carry(child.stdout, stdout), carry(child.stderr, stderr)];
  const ownWords = collectStart(child.stderr);
  const [exitCode] = await Promise.all([ended, ...outputs]);
  if (exitCode !== 0 && !(await command.hasStarted())) throw await command.couldNotRun(words, ownWords());
  return { kind: "exit", exitCode };
}

async function runOnTerminal(
  command: Command,
  { command: words }: ExecSessionRequest,
  { stdin, stdout, onResize }: SessionIo,
): Promise<SessionStatus> {
  const { child } = command;
  const ended = exitCodeOf(child);
  // Held, not paused: Node lets a paused output run out when its program ends.
  const output = new PassThrough();
  child.stdout?.pipe(output);
  // Until then the terminal is the OCI runtime's own: it would echo what is typed, and shows its own words.
  await command.whenStarted();
  if (!(await command.hasStarted())) {
    throw await command.couldNotRun(words, await text(output));
  }
  const pid = await command.pid();
  if (pid !== undefined) onResize((size) => void setTerminalSize(pid, size));
  // The end of a client's input is not the end of the terminal: who wants that sends the character for it.
  stdin?.on("data", (chunk: Buffer) => {
    if (child.stdin?.write(chunk) === false) stdin.pause();
  });
  child.stdin?.on("drain", () => stdin?.resume()).on("error", () => {});
  const [exitCode] = await Promise.all([ended, carry(output, stdout)]);
  return { kind: "exit", exitCode };
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal === null ? 0 : 255)));
  });
}

function feed(from: Readable | undefined, to: Writable | null): void {
  // A command may end without reading its input.
  to?.on("error", () => from?.resume());
  if (from && to) from.pipe(to);
  else to?.end();
}

const startBytes = 4096;

/** The first words of an output, without taking them from its reader. */
function collectStart(output: Readable | null): () => string {
  let start = "";
  output?.on("data", (chunk: Buffer) => {
    if (start.length < startBytes) start += chunk.toString("utf8");
  });
  return () => start;
}

/** Hands all of an output to the client, as fast as it takes it. A client that has gone holds up nothing. */
async function carry(from: Readable | null, to: Writable | undefined): Promise<void> {
  if (!from || from.closed) return;
  const drop = () => void from.resume();
  to?.once("close", drop);
  if (to && !to.destroyed) from.pipe(to, { end: false });
  else drop();
  await once(from, "close");
  to?.off("close", drop);
}
