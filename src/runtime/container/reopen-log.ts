import { CriError } from "../../errors.js";
import type { ReopenContainerLogRequest } from "../../proto.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { required } from "../required.js";
import { containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";

/** Has the monitor open the log path anew, after a rotation has renamed the file. The new file is there then. */
export async function reopenContainerLog(
  deps: RuntimeDeps,
  request: ReopenContainerLogRequest,
  { signal }: UseCaseOptions = {},
): Promise<void> {
  const record = requireById(deps.containers, required(request.containerId, "container_id"), "container");
  if (containerState(record) !== "running") {
    throw new CriError("failed_precondition", `Container ${record.id} does not run: its log has no writer`);
  }
  const { logPath } = record;
  await deps.conmon.reopenLog(deps.paths.container(record.id).directory, { logPath, signal });
}
