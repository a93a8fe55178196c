import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { pipeline } from "node:stream/promises";
import type { SessionIo, StreamingRuntime } from "../../../src/streaming/streaming-runtime.js";
import { StreamingServer } from "../../../src/streaming/streaming-server.js";
import type { SessionStatus, TerminalSize } from "../../../src/wire/channels.js";

export interface LocalRuntime extends AsyncDisposable {
  readonly server: StreamingServer;
  /** The sizes that sessions were told, and how often a client has gone. */
  readonly seen: { sizes: TerminalSize[]; gone: number };
}

/** A streaming server whose commands run on this machine, without a container around them. */
export async function startLocalRuntime(over: Partial<StreamingRuntime> = {}): Promise<LocalRuntime> {
  const seen: LocalRuntime["seen"] = { sizes: [], gone: 0 };
  const run = async (command: readonly string[], io: SessionIo): Promise<SessionStatus> => {
    io.onResize((size) => seen.sizes.push(size));
    const [file = "", ...args] = command;
    const child = spawn(file, args, { stdio: "pipe" });
    io.signal.addEventListener("abort", () => {
      seen.gone += 1;
      child.kill("SIGKILL");
    });
    child.stdin.on("error", () => io.stdin?.resume());
    if (io.stdin) io.stdin.pipe(child.stdin);
    else child.stdin.end();
    if (io.stdout) child.stdout.pipe(io.stdout, { end: false });
    if (io.stderr) child.stderr.pipe(io.stderr, { end: false });
    const [code, signal] = await once(child, "close");
    return { kind: "exit", exitCode: code ?? (signal === "SIGKILL" ? 137 : 255) };
  };
  const server = new StreamingServer({
    exec: ({ command }, io) => run(command, io),
    attach: (_request, io) => run(["cat"], io),
    async portForward(_id, port, stream) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      await Promise.all([pipeline(stream, socket), pipeline(socket, stream)]);
    },
    ...over,
  });
  await server.listen();
  return { server, seen, [Symbol.asyncDispose]: () => server.close() };
}

export const allChannels = { stdin: true, stdout: true, stderr: true, tty: false };

export function execRequest(command: readonly string[], channels: Partial<typeof allChannels> = {}) {
  return { containerId: "c", command, ...allChannels, ...channels };
}
