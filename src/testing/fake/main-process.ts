import { PassThrough, type Readable, Writable } from "node:stream";

import { deferred } from "../../async/deferred.js";
import type { LogStream } from "../../logs/format.js";
import type { ContainerConfig } from "../../proto.js";
import type { SessionIo } from "../../streaming/streaming-runtime.js";
import type { FakeCommand, FakeCommandHandler } from "./commands.js";
import type { LogFile } from "./log-file.js";
import { runCommand } from "./run-command.js";

interface MainProcessParts {
  readonly container: { readonly id: string; readonly podId: string; readonly config: ContainerConfig };
  readonly argv: readonly string[];
  readonly handler: FakeCommandHandler | undefined;
  readonly log: LogFile;
}

/** A container's own process: its output goes to the log and to those who have attached. */
export class MainProcess {
  readonly exited: Promise<number>;
  readonly log: LogFile;
  readonly #stdin = new PassThrough();
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #end = deferred<number>();
  readonly #attached = new Set<SessionIo>();
  readonly #stdinOnce: boolean;

  constructor({ container, argv, handler = untilStopped, log }: MainProcessParts) {
    const { stdin, stdinOnce, tty } = container.config;
    this.log = log;
    this.#stdinOnce = stdinOnce;
    this.#stdin.on("error", () => {});
    if (!stdin) this.#stdin.end();
    const stdout = this.#output("stdout");
    const command: FakeCommand = {
      argv,
      container,
      stdin: this.#stdin,
      stdout,
      stderr: tty ? stdout : this.#output("stderr"),
      tty,
      onResize: () => {},
      signal: this.#stop.signal,
      killed: this.#kill.signal,
    };
    this.exited = Promise.race([runCommand(handler, command), this.#end.promise]).finally(() => log.close());
  }

  /** Asks it to end, and ends it when the grace period is over. */
  async stop(graceMs: number): Promise<void> {
    this.#stop.abort();
    const timer = setTimeout(() => this.#kill.abort(), graceMs);
    if (graceMs <= 0) this.#kill.abort();
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends it by itself with this code, whatever its handler does. */
  end(exitCode: number): void {
    this.#end.resolve(exitCode);
    this.#stop.abort();
    this.#kill.abort();
  }

  /** Joins a client to it; resolves when either has gone. */
  async attach(io: SessionIo): Promise<number> {
    this.#attached.add(io);
    io.stdin?.on("data", (chunk: Buffer) => {
      if (this.#stdin.writable) this.#stdin.write(chunk);
    });
    if (this.#stdinOnce) io.stdin?.once("end", () => this.#stdin.end());
    const gone = new Promise<number>((resolve) => {
      io.signal.addEventListener("abort", () => resolve(0), { once: true });
    });
    try {
      return await Promise.race([this.exited, gone]);
    } finally {
      this.#attached.delete(io);
    }
  }

  #output(stream: LogStream): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.log.write(stream, chunk).then(() => done(), done);
        for (const io of this.#attached) if (io[stream]?.writable) io[stream].write(chunk);
      },
    }).on("error", () => {});
  }
}

/** A container without a script runs until it is stopped. */
const untilStopped: FakeCommandHandler = ({ signal }) =>
  new Promise<number>((resolve) => signal.addEventListener("abort", () => resolve(143), { once: true }));

/** An input at its end. */
export function noInput(): Readable {
  const stream = new PassThrough();
  stream.end();
  return stream;
}
