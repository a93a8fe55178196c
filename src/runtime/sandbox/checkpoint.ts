import { readdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { CriError } from "../../errors.js";
import type { CheckpointPodRequest } from "../../proto.js";
import { requireCriu } from "../adapters/criu/criu.js";
import { requireCheckpointable, whileFrozen } from "../container/checkpoint/frozen.js";
import { writeCheckpoint } from "../container/checkpoint/write.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { required } from "../required.js";
import { invalid } from "../spec/invalid.js";
import type { ContainerRecord } from "../state/container-record.js";
import { findById, requireById } from "../state/ids.js";
import { isReady } from "../state/sandbox-record.js";
import { type PodDump, podDumpName, podDumpVersion } from "./pod-dump.js";

export interface CheckpointPodOptions extends UseCaseOptions {
  /** Whether the call has one; CRI wants it to. */
  hasDeadline: boolean;
}

/**
 * Writes containers of a pod down, all of one moment: each is paused before the first is written, and runs on when
 * the last has been. `output_path` is the caller's: what is made in it is removed when the call fails.
 */
export async function checkpointPod(
  deps: RuntimeDeps,
  request: CheckpointPodRequest,
  { signal, hasDeadline }: CheckpointPodOptions,
): Promise<void> {
  if (!hasDeadline) throw invalid("The call", "has no deadline, which CheckpointPod needs: set one");
  const [option] = Object.keys(request.options);
  if (option !== undefined) throw invalid("options", `has "${option}": crikit-runtime knows none`);
  const asked = required(request.podSandboxId, "pod_sandbox_id");
  const { id } = requireById(deps.sandboxes, asked, "sandbox");
  const output = required(request.outputPath, "output_path");
  await checkOutput(output);
  chosen(deps, id, request.containerIds);
  const criu = await requireCriu();
  await deps.locks.run(
    id,
    async () => {
      const containers = chosen(deps, id, request.containerIds);
      const places = containers.map((record) => ({ record, paths: [join(output, record.id)] }));
      const summary = join(output, podDumpName);
      places[0]?.paths.push(summary);
      await whileFrozen(deps, places, async () => {
        for (const record of containers) {
          signal?.throwIfAborted();
          await writeCheckpoint(deps, record, { directory: join(output, record.id), criu, signal });
        }
        // Last: with it the checkpoint is whole.
        await writeFile(summary, JSON.stringify(describe(deps, id, containers)), { mode: 0o600, flag: "wx" });
      });
    },
    signal,
  );
}

/** The containers that the request names; throws when it is wrong about one of them, or about the pod. */
function chosen(deps: RuntimeDeps, sandboxId: string, ids: readonly string[]): ContainerRecord[] {
  if (!isReady(requireById(deps.sandboxes, sandboxId, "sandbox"))) {
    throw new CriError("failed_precondition", `Sandbox ${sandboxId} is not ready: it has no checkpoint`);
  }
  if (ids.length === 0) throw invalid("container_ids", "is empty: name the running containers to write down");
  const records = ids.map((id, index) => {
    const record = findById(deps.containers, id, "container");
    if (record?.sandboxId === sandboxId) return record;
    throw invalid(`container_ids[${index}]`, `is ${id}, which is no container of sandbox ${sandboxId}`);
  });
  if (new Set(records).size < records.length) throw invalid("container_ids", "names a container twice");
  for (const record of records) requireCheckpointable(record);
  return records;
}

async function checkOutput(path: string): Promise<void> {
  if (!isAbsolute(path)) throw invalid("output_path", `is "${path}": give an absolute path on the node`);
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) throw invalid("output_path", `is no directory: make ${path} for the checkpoint`);
  if (names.length > 0)
    throw invalid("output_path", `has something in it: give an empty directory, not ${path}`);
}

function describe(deps: RuntimeDeps, id: string, containers: readonly ContainerRecord[]): PodDump {
  const { metadata, handler, config } = requireById(deps.sandboxes, id, "sandbox");
  return {
    version: podDumpVersion,
    sandbox: { id, metadata, handler, config },
    containers: containers.map((container) => ({ name: container.metadata.name, id: container.id })),
  };
}
