import { InvalidArgumentError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { Session } from "../sessions/session.js";
import type { TerminalSize } from "../wire/channels.js";
import type { ApiContext } from "./context.js";
import { observeSession } from "./session-operation.js";
import { hasTerminal } from "./terminal.js";
import { limitTime } from "./time-limit.js";

/** How to start a command, and which streams it gets. */
export interface SpawnOptions extends CallOptions {
  /** Give the command an input, which `session.stdin` writes to. None unless told; always with `tty`. */
  stdin?: boolean | undefined;
  /** Run the command on a terminal: one output for both, keys such as Ctrl-C understood. */
  tty?: boolean | undefined;
  /** The terminal's first size. What the runtime chooses unless told; `session.resize()` tells a new one. */
  size?: TerminalSize | undefined;
  /**
   * How long the command may run, in milliseconds; no limit unless told. At the end of it the session is
   * closed and `exited` rejects with a `DeadlineError`.
   */
  timeoutMs?: number | undefined;
  /** Aborting closes the session; `exited` and the streams fail with the signal's own reason. */
  signal?: AbortSignal | undefined;
}

/** Which streams of a container's own process to join. */
export interface AttachOptions extends CallOptions {
  /**
   * Write to the container's input, which it must have been created with. None unless told. A container whose
   * input is meant for one session ends it with the session's.
   */
  stdin?: boolean | undefined;
  /** Whether the container runs on a terminal; read from its status unless told. */
  tty?: boolean | undefined;
  /** The terminal's size, for a container that has one. */
  size?: TerminalSize | undefined;
  /** How long the session may last, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Aborting closes the session; `exited` and the streams fail with the signal's own reason. */
  signal?: AbortSignal | undefined;
}

/** Starts a command in the container, by the Exec RPC. */
export async function spawnSession(
  context: ApiContext,
  containerId: string,
  command: readonly string[],
  options: SpawnOptions,
): Promise<Session> {
  if (command.length === 0) throw new InvalidArgumentError("The command is empty", { field: "command" });
  const { tty = false, stdin = false, headers } = options;
  // On a terminal input is always asked for: without one containerd loses the output of short commands.
  const channels = { stdin: stdin || tty, stdout: true, stderr: !tty, tty };
  const newUrl = async (signal: AbortSignal | undefined) => {
    const request = { containerId, cmd: [...command], ...channels };
    return (await context.runtime.exec(request, { signal, headers })).url;
  };
  const program = command[0];
  return observeSession(context, { kind: "exec", id: containerId, program }, () =>
    openLimited(context, options, `Command ${program}`, { ...channels, newUrl }),
  );
}

/** Joins the container's own process, by the Attach RPC. */
export async function attachSession(
  context: ApiContext,
  containerId: string,
  options: AttachOptions,
): Promise<Session> {
  const { stdin = false, signal, headers } = options;
  const tty = options.tty ?? (await hasTerminal(context, containerId, { signal, headers }));
  const channels = { stdin, stdout: true, stderr: !tty, tty };
  const newUrl = async (signal: AbortSignal | undefined) => {
    return (await context.runtime.attach({ containerId, ...channels }, { signal, headers })).url;
  };
  return observeSession(context, { kind: "attach", id: containerId }, () =>
    openLimited(context, options, `The session with container ${containerId}`, { ...channels, newUrl }),
  );
}

interface Opening {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
  newUrl(signal: AbortSignal | undefined): Promise<string>;
}

/** The signal and the time are those of the whole session. */
async function openLimited(
  context: ApiContext,
  { signal, timeoutMs, size }: Pick<SpawnOptions, "signal" | "timeoutMs" | "size">,
  what: string,
  { newUrl, ...channels }: Opening,
): Promise<Session> {
  const limit = limitTime({ signal, timeoutMs }, what);
  try {
    const session = await context.sessions.open(channels, () => newUrl(limit.signal), {
      signal: limit.signal,
    });
    if (size) session.resize(size);
    session.exited.catch(() => {}).finally(() => limit[Symbol.dispose]());
    return session;
  } catch (error) {
    limit[Symbol.dispose]();
    throw error;
  }
}
