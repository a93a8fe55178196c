import { create } from "@bufbuild/protobuf";

import { DeadlineError } from "../../errors.js";
import { type ExecSyncRequest, type ExecSyncResponse, ExecSyncResponseSchema } from "../../proto.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { type Command, withCommand } from "./command.js";
import { collectOutput } from "./output.js";

/** Runs a command in a running container and gives its output once it has ended. */
export async function execSync(
  deps: RuntimeDeps,
  request: ExecSyncRequest,
  { signal }: UseCaseOptions = {},
): Promise<ExecSyncResponse> {
  const { containerId, cmd: command } = request;
  return withCommand(deps, { containerId, command, tty: false }, (running) => {
    running.child.stdin?.end();
    return finish(running, request, signal);
  });
}

async function finish(
  command: Command,
  { cmd, timeout }: ExecSyncRequest,
  signal: AbortSignal | undefined,
): Promise<ExecSyncResponse> {
  const limit = new AbortController();
  const seconds = Number(timeout);
  const timedOut = () => {
    limit.abort(new DeadlineError(`Command ${cmd[0]} was killed, as it did not end within ${timeout} s`));
  };
  const timer = seconds > 0 ? setTimeout(timedOut, seconds * 1000) : undefined;
  const signals = signal ? [limit.signal, signal] : [limit.signal];
  try {
    const { exitCode, stdout, stderr } = await collectOutput(command.child, AbortSignal.any(signals));
    // Once the command runs, an exit code is its own.
    if (exitCode !== 0 && !(await command.hasStarted())) {
      throw await command.couldNotRun(cmd, stderr.toString("utf8"));
    }
    return create(ExecSyncResponseSchema, { stdout, stderr, exitCode });
  } catch (error) {
    // Whatever ended the wait, nothing of the command may run on.
    await command.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
