import { rm } from "node:fs/promises";
import { join } from "node:path";

import { fromJson } from "@bufbuild/protobuf";

import { CriError } from "../../errors.js";
import { ContainerConfigSchema, type StartContainerRequest } from "../../proto.js";
import type { MonitoredContainer } from "../adapters/conmon/conmon.js";
import { requireCriu, whyCriuFailed } from "../adapters/criu/criu.js";
import type { RuntimeDeps } from "../deps.js";
import { createOciContainer, type OciCreate, requireHandler } from "../lifecycle/oci-container.js";
import { endContainerProcesses } from "../lifecycle/release-container.js";
import { requireReady } from "../lifecycle/require-ready.js";
import { required } from "../required.js";
import { type ContainerRecord, containerState, startErrorExitCode } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { processImages } from "./checkpoint/restore.js";
import { limitBundle } from "./limit-bundle.js";
import { monitorLog } from "./monitor-log.js";
import { mountFiles } from "./rootfs.js";

/**
 * Starts the container's command. One that cannot be started leaves the container ended, with exit code 128
 * and reason StartError, and the call fails with what the OCI runtime said.
 */
export async function startContainer(deps: RuntimeDeps, request: StartContainerRequest): Promise<void> {
  const asked = required(request.containerId, "container_id");
  const { id, sandboxId, fromCheckpoint } = requireById(deps.containers, asked, "container");
  const criu = fromCheckpoint ? await requireCriu() : undefined;
  await deps.locks.run(sandboxId, async () => {
    const record = requireById(deps.containers, id, "container");
    checkCanStart(record);
    const sandbox = await requireReady(deps, sandboxId);
    await deps.containers.update(id, { step: "starting" });
    try {
      await start(deps, record, { sandbox, criu });
    } catch (cause) {
      // An OCI runtime tells only which file of the pod's namespaces it did not find.
      const error = await requireReady(deps, sandboxId, cause).then(
        () => cause,
        (notReady) => notReady,
      );
      await recordStartError(deps, record, error);
      throw error;
    }
  });
  // A short command may have ended before the record said that it runs. It has been started all the same.
  await deps.exits.check(id).catch((error) => {
    deps.log.error("Could not record the end of a container", { id, error });
  });
}

function checkCanStart(record: ContainerRecord): void {
  const { id, step } = record;
  const state = containerState(record);
  if (step !== undefined || state !== "created") {
    throw new CriError(
      "failed_precondition",
      `Container ${id} is ${step ?? state}: only a created one can be started`,
    );
  }
}

/** What else a start needs: `criu` where its processes come from a checkpoint. */
interface Starting {
  sandbox: SandboxRecord;
  criu: string | undefined;
}

async function start(deps: RuntimeDeps, record: ContainerRecord, { sandbox, criu }: Starting): Promise<void> {
  const { id, name, cgroupParent } = record;
  const { handler } = sandbox;
  const { directory: bundle, recordDirectory } = deps.paths.container(id);
  const images = processImages(recordDirectory);
  const { tty, stdin, stdinOnce } = fromJson(ContainerConfigSchema, record.config);
  await mountFiles(deps, record);
  const { runc } = requireHandler(deps, handler);
  if (record.resources !== undefined) await limitBundle(deps, runc, { record, bundle });
  const { init, monitor } = await createOrRestore(deps, {
    ...{ id, name, bundle, handler, cgroupParent },
    ...monitorLog(deps, record),
    ...{ terminal: tty, stdin, stdinOnce },
    restore: criu === undefined ? undefined : { criu, images },
  });
  const startedAt = timestampNow();
  // What is restored runs already.
  if (criu === undefined) await runc.start(id, init);
  await deps.containers.update(id, { init, monitor, step: undefined, startedAt });
  if (criu !== undefined) await rm(images, { recursive: true });
}

async function createOrRestore(deps: RuntimeDeps, create: OciCreate): Promise<MonitoredContainer> {
  try {
    return await createOciContainer(deps, create);
  } catch (cause) {
    const why = create.restore && (await whyCriuFailed(join(create.bundle, "restore.log")));
    if (why === undefined) throw cause;
    throw new CriError("failed_precondition", `Container ${create.id} could not be restored: ${why}`, {
      cause,
    });
  }
}

async function recordStartError(deps: RuntimeDeps, { id }: ContainerRecord, error: unknown): Promise<void> {
  const record = requireById(deps.containers, id, "container");
  await endContainerProcesses(deps, record).catch((failure) => {
    deps.log.warn("A container that could not be started was not wholly undone", { id, error: failure });
  });
  await deps.containers.update(id, {
    step: undefined,
    finishedAt: timestampNow(),
    exitCode: startErrorExitCode,
    reason: "StartError",
    message: error instanceof Error ? error.message : String(error),
  });
}
