import { PassThrough, type Readable, Writable } from "node:stream";

import { deferred } from "../../async/deferred.js";
import type { LogStream } from "../../logs/head-reader.js";
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
  readonly #hasInput: boolean;
  readonly #stdinOnce: boolean;

  constructor({ container, argv, handler = untilStopped, log }: MainProcessParts) {
    const { stdin, stdinOnce, tty } = container.config;
    this.log = log;
    this.#hasInput = stdin;
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

  /** Joins a client to it; resolves when either has gone, or the client's input has ended. */
  async attach(io: SessionIo): Promise<void> {
    this.#attached.add(io);
    const gone = new Promise<void>((resolve) => {
      io.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    try {
      await Promise.race([this.exited, gone, this.#takeInput(io.stdin, gone)]);
    } finally {
      this.#attached.delete(io);
    }
  }

  /** Resolves when the session is to end with its input, as it does where another one may have the next. */
  #takeInput(input: Readable | undefined, gone: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      input?.on("data", (chunk: Buffer) => {
        if (this.#stdin.writable) this.#stdin.write(chunk);
      });
      const end = this.#stdinOnce ? () => void this.#stdin.end() : resolve;
      if (this.#hasInput) input?.once("end", end);
      if (this.#hasInput && this.#stdinOnce && input) void gone.then(() => this.#stdin.end());
    });
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
