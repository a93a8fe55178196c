import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type Deferred, deferred } from "../async/deferred.js";
import { CriError, type CriErrorCode } from "../errors.js";
import { type Reaper, reaperName } from "./reaper.js";

export interface Starting {
  /** The daemon's; undefined when the reaper could not start it. Never rejects. */
  readonly pid: Promise<number | undefined>;
  /** Resolves when the daemon serves; rejects when it ends before, takes too long, or the signal says so. */
  readonly serving: Promise<void>;
}

const readyLine = "crikit-runtime: listening on ";
const lastLineCount = 10;
/** The daemon's exit code for want of privileges. */
const noPermissionCode = 77;

/** Reads what a daemon below a reaper prints until it serves. */
export function whenServing(
  reaper: Reaper,
  options: { logPath: string; timeoutMs: number; signal?: AbortSignal | undefined },
): Starting {
  const { logPath, timeoutMs, signal } = options;
  const pid = deferred<number | undefined>();
  const serving = deferred<void>();
  const fail = (what: string, code?: CriErrorCode) => failWithLastWords(serving, { what, code, logPath });
  const end = (exitCode: number | null) => {
    const code = exitCode === noPermissionCode ? "permission_denied" : undefined;
    fail(`ended with code ${exitCode} instead of serving`, code);
  };
  const lines = reaper.output && createInterface({ input: reaper.output });
  lines?.on("line", (line) => {
    const [first, event, number] = line.split(" ");
    if (line.startsWith(readyLine)) serving.resolve();
    if (first !== reaperName) return;
    if (event === "started") pid.resolve(Number(number));
    if (event === "ended") end(Number(number));
  });
  reaper.exited.then(
    (code) => {
      pid.resolve(undefined);
      end(code);
    },
    (error) => {
      pid.resolve(undefined);
      serving.reject(error);
    },
  );
  const onAbort = () => serving.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const timer = setTimeout(() => fail(`did not serve within ${timeoutMs} ms`), timeoutMs);
  const settled = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  serving.promise.then(settled, settled);
  return { pid: pid.promise, serving: serving.promise };
}

function failWithLastWords(
  serving: Deferred<void>,
  { what, code, logPath }: { what: string; code: CriErrorCode | undefined; logPath: string },
): void {
  readFile(logPath, "utf8").then((text) => {
    const lastWords = text.trimEnd().split("\n").slice(-lastLineCount).join("\n") || "(nothing)";
    const message = `crikit-runtime ${what}. Its last words:\n${lastWords}`;
    serving.reject(new CriError(code ?? "failed_precondition", message));
  }, serving.reject);
}
