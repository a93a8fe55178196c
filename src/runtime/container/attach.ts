import { once } from "node:events";
import { fromJson } from "@bufbuild/protobuf";

import { drained } from "../../async/drained.js";
import { CriError, InvalidArgumentError } from "../../errors.js";
import { followRecords } from "../../logs/follow.js";
import { contentOf, type LogRecord } from "../../logs/format.js";
import { type AttachRequest, ContainerConfigSchema } from "../../proto.js";
import { checkChannels } from "../../streaming/check-channels.js";
import type { SessionIo, SessionRequest } from "../../streaming/streaming-runtime.js";
import type { SessionStatus } from "../../wire/channels.js";
import { attachInput } from "../adapters/conmon/attach-input.js";
import { followOutput } from "../adapters/conmon/follow-output.js";
import { setTerminalSize } from "../adapters/terminal-size.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import { monitorLog, ownLogsKept } from "./monitor-log.js";

/** Checks what can be checked before a client comes for its session. */
export function prepareAttach(deps: RuntimeDeps, request: AttachRequest): SessionRequest {
  const record = requireAttachable(deps, required(request.containerId, "container_id"));
  checkChannels(request);
  const { stdin, stdout, stderr } = request;
  const { tty } = fromJson(ContainerConfigSchema, record.config);
  if (request.tty !== tty) {
    throw new InvalidArgumentError(`tty: container ${record.id} ${tty ? "has a" : "has no"} terminal`, {
      field: "tty",
    });
  }
  return { containerId: record.id, stdin, stdout, stderr, tty };
}

function requireAttachable({ containers }: RuntimeDeps, containerId: string): ContainerRecord {
  const record = requireById(containers, containerId, "container");
  const state = containerState(record);
  if (state === "running") return record;
  throw new CriError("failed_precondition", `Container ${record.id} is ${state}, not running`);
}

/**
 * Joins a container's own process. Its output is followed in its log: that can wait for a slow client, which
 * the monitor's socket cannot. Ends with the container, or when the client has closed its input.
 */
export async function attachSession(
  deps: RuntimeDeps,
  request: SessionRequest,
  io: SessionIo,
): Promise<SessionStatus> {
  const record = requireAttachable(deps, request.containerId);
  const left = new AbortController();
  const leave = () => left.abort();
  io.signal.addEventListener("abort", leave, { once: true });
  let failure: unknown;
  try {
    const ended = deps.exits.wait(record.id, { signal: left.signal });
    const { logPath, maxLogBytes } = monitorLog(deps, record);
    const records =
      maxLogBytes === undefined
        ? await followRecords(logPath, { signal: left.signal, ended })
        : await followOutput(logPath, { mostFiles: ownLogsKept, signal: left.signal, ended });
    const pid = record.init?.pid;
    if (request.tty && pid !== undefined) io.onResize((size) => void setTerminalSize(pid, size));
    carryInput(deps, record, { io, signal: left.signal }).then(
      (isDetached) => {
        if (isDetached) leave();
      },
      (error) => {
        failure = error;
        leave();
      },
    );
    await carryOutput(records, io);
  } catch (error) {
    if (!left.signal.aborted) throw error;
  } finally {
    io.signal.removeEventListener("abort", leave);
    leave();
  }
  if (failure !== undefined) throw failure;
  return { kind: "exit", exitCode: 0 };
}

async function carryOutput(records: AsyncIterable<LogRecord>, { stdout, stderr }: SessionIo): Promise<void> {
  for await (const record of records) {
    const to = record.stream === "stdout" ? stdout : stderr;
    if (!to || to.destroyed) continue;
    const content = contentOf(record);
    const bytes = record.partial ? content : Buffer.concat([content, Buffer.from("\n")]);
    if (!to.write(bytes)) await drained(to);
  }
}

/** Resolves when the client's input has ended: to true when the session is to end with it. */
async function carryInput(
  deps: RuntimeDeps,
  record: ContainerRecord,
  { io: { stdin }, signal }: { io: SessionIo; signal: AbortSignal },
): Promise<boolean> {
  if (!stdin) return false;
  const config = fromJson(ContainerConfigSchema, record.config);
  // As for a process that was started without an input: what is sent goes nowhere.
  if (!config.stdin) {
    stdin.resume();
    return false;
  }
  const child = await attachInput(deps.paths.container(record.id).directory);
  const kill = () => void child.kill("SIGKILL");
  if (signal.aborted) kill();
  signal.addEventListener("abort", kill, { once: true });
  child.stdin?.on("error", () => stdin.resume());
  if (child.stdin) stdin.pipe(child.stdin);
  await once(child, "close");
  // An input that is meant for one session ends the container's, whose end ends this.
  return !config.stdinOnce && !config.tty;
}
