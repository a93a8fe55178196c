import { DeadlineError } from "../errors.js";
import { printStatus, type SessionStatus, type StreamType, streamTypes } from "../wire/channels.js";
import type { SpdyConnection } from "../wire/spdy/connection.js";
import type { SpdyStream } from "../wire/spdy/stream.js";
import { endOutput, runSession } from "./run-session.js";
import type { SessionIo, SessionRequest } from "./streaming-runtime.js";

/** Newest first. Those before v4 tell a failure in plain text and a success by silence. */
export const spdySessionProtocols = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
];

/** As long as kubelet and containerd wait for the streams of a session. */
const streamsTimeoutMs = 30_000;

export interface SpdySession {
  readonly protocol: string;
  work(io: SessionIo): Promise<SessionStatus>;
}

/** The streams of one exec or attach, collected as the client opens them, in any order. */
export class SpdySessionStreams {
  readonly #expected: ReadonlySet<StreamType>;
  readonly #streams = new Map<StreamType, SpdyStream>();
  #onComplete: (() => void) | undefined;

  constructor(request: SessionRequest, protocol: string) {
    this.#expected = expectedStreams(request, protocol);
  }

  add(stream: SpdyStream): void {
    const type = streamTypes.find((known) => known === stream.headers.streamtype);
    if (!type || !this.#expected.has(type) || this.#streams.has(type)) {
      stream.destroy();
      return;
    }
    this.#streams.set(type, stream);
    if (this.#streams.size === this.#expected.size) this.#onComplete?.();
  }

  get(type: StreamType): SpdyStream | undefined {
    return this.#streams.get(type);
  }

  /** Resolves when all that the request asked for are there. */
  complete(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#streams.size === this.#expected.size) return resolve();
      const timer = setTimeout(() => {
        reject(new DeadlineError(`The client did not open its streams within ${streamsTimeoutMs} ms`));
      }, streamsTimeoutMs);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#onComplete = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
    });
  }
}

function expectedStreams({ stdin, stdout, stderr, tty }: SessionRequest, protocol: string): Set<StreamType> {
  const hasResize = tty && ["v4.channel.k8s.io", "v3.channel.k8s.io"].includes(protocol);
  const wanted = { error: true, stdin, stdout, stderr: stderr && !tty, resize: hasResize };
  return new Set(streamTypes.filter((type) => wanted[type]));
}

/** Serves one exec or attach on a connection whose streams go to `streams`. */
export async function serveSpdySession(
  connection: SpdyConnection,
  streams: SpdySessionStreams,
  { protocol, work }: SpdySession,
): Promise<void> {
  const gone = new AbortController();
  void connection.closed.then(() => gone.abort());
  try {
    await streams.complete(gone.signal);
    const status = await runSession(
      {
        stdin: streams.get("stdin"),
        stdout: streams.get("stdout"),
        stderr: streams.get("stderr"),
        resize: streams.get("resize"),
        signal: gone.signal,
      },
      work,
    );
    const end = (type: StreamType, last?: string) => endOutput(streams.get(type), last);
    await Promise.all([end("error", statusText(status, protocol)), end("stdin"), end("resize")]);
    connection.close();
  } catch {
    connection.destroy();
  }
}

function statusText(status: SessionStatus, protocol: string): string {
  if (protocol === "v4.channel.k8s.io") return printStatus(status);
  if (status.kind === "failure") return status.message;
  return status.exitCode === 0 ? "" : `command terminated with exit code ${status.exitCode}`;
}
