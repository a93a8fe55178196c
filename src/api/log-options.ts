import { InvalidArgumentError } from "../errors.js";
import type { LogStream } from "../logs/head-reader.js";
import type { CallOptions } from "../services/call-options.js";

/** Which lines of a container's log to read, and whether to go on. */
export interface LogOptions extends CallOptions {
  /** How long reading and following may take as a whole, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Go on with what the container writes from now on, until it has ended and its log is read. */
  follow?: boolean | undefined;
  /**
   * Of what is there already, only the last so many lines; all unless told. Lines that the other options leave out
   * do not count, and parts of a line count as one. 0 with `follow`: only what is written from now on.
   */
  tail?: number | undefined;
  /**
   * Only lines of this time or later; as nanoseconds since 1970, such as a line's `timeNs`, to the nanosecond. More
   * than one line may have the same time.
   */
  since?: Date | bigint | undefined;
  /** Only lines of this time or earlier. With `follow`, the reading ends when it has come. */
  until?: Date | bigint | undefined;
  /** Only what was written to these; both unless told. */
  streams?: readonly LogStream[] | undefined;
  /**
   * Begin with the rotated files, compressed ones too; true unless told. False reads the present file alone, as
   * kubectl and crictl do.
   */
  history?: boolean | undefined;
  /** The log of the attempt before this one, as `crictl logs --previous`. */
  previous?: boolean | undefined;
  /**
   * End after so many bytes of output, line ends included; the last line is cut. No limit unless told; 0 gives
   * nothing, as kubelet's reader does, where `kubectl logs --limit-bytes=0` gives all.
   */
  limitBytes?: number | undefined;
  /** `utf8` for `text`, the default, or `buffer` for lines with `bytes`, for output that is no text. */
  encoding?: "utf8" | "buffer" | undefined;
}

/** `LogOptions`, checked, with times in nanoseconds. */
export interface LogRange {
  tail: number | undefined;
  sinceNs: bigint | undefined;
  untilNs: bigint | undefined;
  streams: readonly LogStream[] | undefined;
  history: boolean | undefined;
  limitBytes: number | undefined;
}

/** @throws InvalidArgumentError that names the option. */
export function checkLogOptions(options: LogOptions): LogRange {
  const { tail, streams, history, limitBytes, follow, previous } = options;
  checkCount("tail", tail);
  checkCount("limitBytes", limitBytes);
  const sinceNs = toNanoseconds("since", options.since);
  const untilNs = toNanoseconds("until", options.until);
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs) {
    throw new InvalidArgumentError("since is later than until: no line can be between", { field: "since" });
  }
  if (streams?.length === 0 || streams?.some((stream) => stream !== "stdout" && stream !== "stderr")) {
    throw new InvalidArgumentError(
      `streams is ${JSON.stringify(streams)}: give "stdout", "stderr" or both, or leave it out for both`,
      { field: "streams" },
    );
  }
  if (previous && follow) {
    throw new InvalidArgumentError("The previous attempt has ended: it cannot be followed", {
      field: "previous",
    });
  }
  return { tail, sinceNs, untilNs, streams, history, limitBytes };
}

function checkCount(field: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new InvalidArgumentError(`${field} is ${value}: give a whole number, 0 or more`, { field });
}

function toNanoseconds(field: string, time: Date | bigint | undefined): bigint | undefined {
  if (time === undefined || typeof time === "bigint") return time;
  const ms = time.getTime();
  if (Number.isNaN(ms)) throw new InvalidArgumentError(`${field} is a date that is none`, { field });
  return BigInt(ms) * 1_000_000n;
}
