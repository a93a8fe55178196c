import { CriError, DeadlineError, NonZeroExitError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";
import { toSeconds } from "./time.js";

export interface ExecOptions extends CallOptions {
  /**
   * How long the command may run, in milliseconds, rounded up to whole seconds; no limit unless told. At the
   * end of it the runtime kills the command and the call throws a `DeadlineError`.
   */
  timeoutMs?: number | undefined;
  /** Throw a `NonZeroExitError` when the command ends with a code other than 0. */
  check?: boolean | undefined;
  /** `utf8` for text, the default, or `buffer` for bytes. */
  encoding?: "utf8" | "buffer" | undefined;
}

export interface ExecResult<Output extends string | Buffer = string> {
  readonly exitCode: number;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** A runtime needs a moment to kill the command and to answer. */
const graceMs = 10_000;

/** Runs a command by the ExecSync RPC, which buffers the output and takes no stdin. */
export async function execSync(
  context: ApiContext,
  containerId: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<ExecResult<string | Buffer>> {
  const { timeoutMs = 0, check = false, encoding = "utf8", signal, headers } = options;
  const seconds = toSeconds(timeoutMs);
  const call = { signal, headers, timeoutMs: timeoutMs > 0 ? Number(seconds) * 1_000 + graceMs : 0 };
  try {
    const response = await context.runtime.execSync(
      { containerId, cmd: [...command], timeout: seconds },
      call,
    );
    const read = (bytes: Uint8Array) => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return encoding === "buffer" ? buffer : buffer.toString();
    };
    const { exitCode } = response;
    const result = { exitCode, stdout: read(response.stdout), stderr: read(response.stderr) };
    if (check && exitCode !== 0) {
      // Arguments often carry secrets, so the message names the program alone.
      throw new NonZeroExitError(`Command ${command[0]} ended with exit code ${exitCode}`, {
        ...result,
        rpc: "ExecSync",
        endpoint: context.endpoint,
      });
    }
    return result;
  } catch (error) {
    throw explain(error, command, timeoutMs);
  }
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
