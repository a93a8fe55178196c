import { CriError, type CriErrorCode, type EndpointAttempt, NoEndpointError } from "../errors.js";
import type { Candidate } from "./discovery.js";

/** Says of a failed probe what happened and what to do about it. */
export function describeAttempt(candidate: Candidate, error: unknown): EndpointAttempt {
  const code: CriErrorCode = error instanceof CriError ? error.code : "unknown";
  const runtime = candidate.runtime ?? "the runtime";
  return {
    endpoint: candidate.endpoint.address,
    source: candidate.source,
    code,
    reason: reasons[code] ?? (error instanceof Error ? error.message : String(error)),
    mend: mendOf(code, candidate).replace("RUNTIME", runtime),
    error,
  };
}

function mendOf(code: CriErrorCode, { runtime }: Candidate): string {
  const mend = mends[code] ?? "look whether a CRI runtime listens there";
  // An address that somebody has written may be wrong; a known one is not.
  return code === "not_running" && runtime === undefined ? `${mend}, or mend the address` : mend;
}

const reasons: { [Code in CriErrorCode]?: string } = {
  not_running: "no socket there",
  no_permission: "no permission to open the socket",
  stale_socket: "a socket that nobody listens on",
  deadline_exceeded: "connected, no answer in time",
  unsupported: "answers, without serving CRI v1",
};

const mends: { [Code in CriErrorCode]?: string } = {
  not_running: "start RUNTIME",
  no_permission: "run as root, or as a member of the socket's group",
  stale_socket: "restart RUNTIME, it ended without removing its socket",
  deadline_exceeded: "look at the log of RUNTIME, or give connect() a longer timeoutMs",
  unsupported: 'take "cri" out of disabled_plugins in containerd\'s config.toml, or use a newer RUNTIME',
};

export function noEndpoint(attempts: readonly EndpointAttempt[]): NoEndpointError {
  const lines = attempts.map(
    ({ endpoint, source, reason, mend }) => `  ${endpoint} (${source}): ${reason}; ${mend}`,
  );
  return new NoEndpointError(
    `No CRI runtime answers. Give connect() an endpoint, set CONTAINER_RUNTIME_ENDPOINT, or mend one of these:\n${lines.join("\n")}`,
    { attempts, cause: attempts[0]?.error },
  );
}
