import { CriError, DeadlineError, NonZeroExitError } from "../errors.js";
import type { ApiContext } from "./context.js";
import type { ExecOptions, ExecOutput, ExecResult } from "./exec-options.js";
import { execBySession } from "./exec-session.js";
import { toSeconds } from "./time.js";

/** A runtime needs a moment to kill the command and to answer. */
const graceMs = 10_000;

/** Runs a command to its end: by the ExecSync RPC, or by a session where it is to have an input. */
export async function execCommand(
  context: ApiContext,
  containerId: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<ExecResult<string | Buffer>> {
  const { timeoutMs = 0, check = false, encoding = "utf8" } = options;
  const isSession = options.stdin !== undefined;
  try {
    const run = isSession ? execBySession : execSync;
    const { exitCode, ...output } = await run(context, containerId, command, options);
    const read = (bytes: Buffer) => (encoding === "buffer" ? bytes : bytes.toString());
    const result = { exitCode, stdout: read(output.stdout), stderr: read(output.stderr) };
    if (check && exitCode !== 0) {
      // Arguments often carry secrets, so the message names the program alone.
      throw new NonZeroExitError(`Command ${command[0]} ended with exit code ${exitCode}`, {
        ...result,
        rpc: isSession ? "Exec" : "ExecSync",
        endpoint: context.endpoint,
      });
    }
    return result;
  } catch (error) {
    throw explain(error, command, timeoutMs);
  }
}

async function execSync(
  context: ApiContext,
  containerId: string,
  command: readonly string[],
  { timeoutMs = 0, signal, headers }: ExecOptions,
): Promise<ExecOutput> {
  const seconds = toSeconds(timeoutMs);
  const call = { signal, headers, timeoutMs: timeoutMs > 0 ? Number(seconds) * 1_000 + graceMs : 0 };
  const request = { containerId, cmd: [...command], timeout: seconds };
  const { exitCode, stdout, stderr } = await context.runtime.execSync(request, call);
  // CRI-O's answer where CRI wants a status. No command has this code.
  if (exitCode === -1)
    throw new DeadlineError(`ExecSync: ${Buffer.from(stderr)}`, {
      rpc: "ExecSync",
      endpoint: context.endpoint,
    });
  const buffer = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
    Buffer.from(buffer, byteOffset, byteLength);
  return { exitCode, stdout: buffer(stdout), stderr: buffer(stderr) };
}

function explain(error: unknown, command: readonly string[], timeoutMs: number): unknown {
  if (!(error instanceof CriError)) return error;
  const { rpc, endpoint } = error;
  if (error.code === "deadline_exceeded") {
    const limit = timeoutMs > 0 ? ` of ${timeoutMs} ms` : " that the runtime sets";
    return new DeadlineError(`Command ${command[0]} did not end within its limit${limit}`, {
      cause: error,
      rpc,
      endpoint,
    });
  }
  if (error.code === "resource_exhausted") {
    return new CriError(
      "resource_exhausted",
      `The output of command ${command[0]} is longer than a message may be (16 MiB unless connect() was told otherwise): write it to a file, or fetch it in parts`,
      { cause: error, rpc, endpoint },
    );
  }
  return error;
}
