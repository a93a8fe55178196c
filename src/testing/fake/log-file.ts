import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

import { CriError } from "../../errors.js";
import type { LogStream } from "../../logs/head-reader.js";

const newline = 0x0a;

/** A container's log in CRI format. Without a path nothing is kept. */
export class LogFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Opens the file under its name, anew after it was moved away. */
  open(): Promise<void> {
    return this.#next(async () => {
      if (this.#path === "") return;
      await this.#file?.close();
      this.#file = undefined;
      await mkdir(dirname(this.#path), { recursive: true });
      this.#file = await open(this.#path, "a", 0o644);
    }).catch((cause) => {
      throw new CriError(
        "failed_precondition",
        `The log ${this.#path} cannot be written: connect with the fake's logRoot, or give the pod a log_directory that can`,
        { cause },
      );
    });
  }

  write(stream: LogStream, chunk: Buffer): Promise<void> {
    return this.#next(async () => {
      await this.#file?.appendFile(records(stream, chunk));
    });
  }

  close(): Promise<void> {
    return this.#next(async () => {
      await this.#file?.close();
      this.#file = undefined;
    });
  }

  /** One after the other, in the order asked for. */
  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => {});
    return done;
  }
}

/** A record per line, and a partial one for what has no end yet. */
function records(stream: LogStream, chunk: Buffer): Buffer {
  const time = new Date().toISOString();
  const parts: Buffer[] = [];
  for (let start = 0; start < chunk.length; ) {
    const end = chunk.indexOf(newline, start);
    const stop = end === -1 ? chunk.length : end;
    parts.push(
      Buffer.from(`${time} ${stream} ${end === -1 ? "P" : "F"} `),
      chunk.subarray(start, stop),
      Buffer.from("\n"),
    );
    start = stop + 1;
  }
  return Buffer.concat(parts);
}
