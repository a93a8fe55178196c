import { randomBytes } from "node:crypto";

import type { DescMessage, Message } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { redactAs } from "../../messages/redact.js";
import { isUnforeseen } from "../../wire/rpc-status.js";
import type { Logger, LogLevel } from "../log.js";
import { subject } from "./subject.js";

/** Tells the one end of a call, once. */
export interface CallLog {
  done(answer?: unknown): void;
  /** `status` is what the client gets for `error`. */
  failed(status: ConnectError, error: unknown): void;
  /** The client has left a stream. */
  left(): void;
}

/** What reads, and probes, which kubelet runs every few seconds in every container: told only when asked for. */
const frequent = /^(List|Stream|Get)|^(Version|Status|RuntimeConfig|ImageFsInfo|ExecSync)$|(Status|Stats)$/;

/** Faults of ours or of the host. Others are the client's, or a registry's. */
const faults = [Code.Internal, Code.DataLoss];

/** One line in the log for the begin of a call and one for its end, joined by an ID of their own. */
export function logCall(
  log: Logger,
  { rpc, input }: { rpc: string; input: DescMessage },
  request: Message,
): CallLog {
  const level = frequent.test(rpc) ? "debug" : "info";
  const started = performance.now();
  const call = { call: randomBytes(4).toString("hex"), ...subject(request) };
  if (log.isEnabled(level)) {
    const whole = log.isEnabled("debug") ? { request: redactAs(input, request) } : {};
    log[level](`${rpc} begins`, { ...call, ...whole });
  }
  const end = () => ({ ...call, ms: Math.round(performance.now() - started) });
  return {
    done: (answer) => log[level](`${rpc} done`, { ...end(), ...subject(answer ?? {}) }),
    left: () => log[level](`${rpc} left by the client`, end()),
    failed(status, error) {
      const fields = { ...end(), code: Code[status.code], error: status.rawMessage };
      const stack = isUnforeseen(error) && status.code === Code.Internal ? stackOf(error) : undefined;
      log[stack ? "error" : failureLevel(status.code, level)](`${rpc} failed`, { ...fields, stack });
    },
  };
}

function failureLevel(code: Code, usual: LogLevel): LogLevel {
  if (code === Code.Canceled) return usual;
  return faults.includes(code) ? "warn" : "info";
}

/** Where it happened. The message above it is in the line already, without secrets. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join("\n");
}
