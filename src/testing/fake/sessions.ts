import { setMaxListeners } from "node:events";
import { type Duplex, Writable } from "node:stream";

import { abortable } from "../../async/abort.js";
import { CriError, DeadlineError, InvalidArgumentError, NotFoundError } from "../../errors.js";
import type { RuntimeService } from "../../proto.js";
import { checkChannels } from "../../streaming/check-channels.js";
import type { SessionIo, StreamingRuntime } from "../../streaming/streaming-runtime.js";
import type { StreamingServer } from "../../streaming/streaming-server.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import type { FakeCommand, FakeCommandHandler } from "./commands.js";
import { runningProcess } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import { noInput } from "./main-process.js";
import { runCommand } from "./run-command.js";
import type { FakeContainer } from "./state.js";

const mostOutput = 16 * 1024 * 1024;

/** Exec, attach and port-forward behind their streaming URLs. */
export function fakeStreaming(deps: FakeDeps): StreamingRuntime {
  return {
    async exec({ containerId, command, tty }, io) {
      const exitCode = await execute(deps, { containerId, argv: command, tty, io });
      return { kind: "exit", exitCode };
    },
    async attach({ containerId }, io) {
      await runningProcess(deps.state.container(containerId)).attach(io);
      return { kind: "exit", exitCode: 0 };
    },
    async portForward(podSandboxId, port, stream: Duplex) {
      const handler = deps.ports.get(port);
      if (!handler) throw new CriError("unavailable", `Port ${port} of the pod: connection refused`);
      await handler(stream, { podId: podSandboxId, port });
    },
  };
}

/** The RPCs that run commands in containers, or give URLs for it. */
export function sessionRpcs(deps: FakeDeps, streaming: () => StreamingServer) {
  const { state } = deps;
  return {
    async execSync({ containerId, cmd, timeout }, { signal }) {
      const stdout = new Collector();
      const stderr = new Collector();
      const limits = [signal, ...(timeout > 0n ? [AbortSignal.timeout(Number(timeout) * 1000)] : [])];
      const over = AbortSignal.any(limits);
      setMaxListeners(0, over);
      const io = { stdin: undefined, stdout, stderr, onResize: () => {}, signal: over };
      const exitCode = await abortable(execute(deps, { containerId, argv: cmd, tty: false, io }), over).catch(
        (error) => {
          if (!over.aborted || signal.aborted) throw error;
          throw new DeadlineError(`Command ${cmd[0]} was ended, as it did not end within ${timeout} s`);
        },
      );
      const tooMuch = stdout.errored ?? stderr.errored;
      if (tooMuch) throw tooMuch;
      return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes() };
    },
    exec(request) {
      const { cmd, stdin, stdout, stderr, tty } = request;
      checkChannels(request);
      const { id } = runnable(deps, request.containerId, cmd);
      return { url: streaming().execUrl({ containerId: id, command: cmd, stdin, stdout, stderr, tty }) };
    },
    attach(request) {
      const { stdin, stdout, stderr, tty } = request;
      checkChannels(request);
      const container = state.container(request.containerId);
      runningProcess(container);
      const { id } = container;
      return { url: streaming().attachUrl({ containerId: id, stdin, stdout, stderr, tty }) };
    },
    portForward({ podSandboxId, port }) {
      const pod = state.pod(podSandboxId);
      if (!pod.isReady)
        throw new CriError("failed_precondition", `Pod ${pod.id} is not ready: run a new one`);
      return { url: streaming().portForwardUrl({ podSandboxId: pod.id, ports: port }) };
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

interface Execution {
  readonly containerId: string;
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly io: SessionIo;
}

/** The container, running, if there is a command at all. */
function runnable({ state }: FakeDeps, containerId: string, argv: readonly string[]): FakeContainer {
  if (argv.length === 0) throw new InvalidArgumentError("cmd is empty: give a command", { field: "cmd" });
  const container = state.container(containerId);
  runningProcess(container);
  return container;
}

async function execute(deps: FakeDeps, { containerId, argv, tty, io }: Execution): Promise<number> {
  const container = runnable(deps, containerId, argv);
  const { exited } = runningProcess(container);
  const handler = deps.execs.find(argv);
  if (!handler) {
    throw new NotFoundError(
      `No such command in the container: ${argv.join(" ")}: script it by onExec() of the fake runtime`,
    );
  }
  // A command ends with its container.
  const ended = new AbortController();
  void exited.then(() => ended.abort());
  const killed = AbortSignal.any([io.signal, ended.signal]);
  const stdout = io.stdout ?? nowhere();
  const { id, podId, config } = container;
  const command: FakeCommand = {
    argv,
    container: { id, podId, config },
    stdin: io.stdin ?? noInput(),
    stdout,
    stderr: tty ? stdout : (io.stderr ?? nowhere()),
    tty,
    onResize: (listener) => io.onResize(listener),
    signal: killed,
    killed,
  };
  return run(handler, command);
}

function run(handler: FakeCommandHandler, command: FakeCommand): Promise<number> {
  setMaxListeners(0, command.signal);
  return runCommand(handler, command);
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor() {
    super();
    this.on("error", () => {});
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#length += chunk.length;
    if (this.#length > mostOutput) {
      done(
        new CriError("resource_exhausted", `The command wrote more than ${mostOutput} bytes: use a session`),
      );
      return;
    }
    this.#chunks.push(chunk);
    done();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
