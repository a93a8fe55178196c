import { constants } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { toJson } from "@bufbuild/protobuf";

import { CriError } from "../../../errors.js";
import { ContainerStatusSchema } from "../../../proto.js";
import { whyCriuFailed } from "../../adapters/criu/criu.js";
import { readChanges } from "../../adapters/overlay/changes.js";
import { packTar } from "../../adapters/tar/tar.js";
import type { RuntimeDeps, UseCaseOptions } from "../../deps.js";
import { exclusively, requireHandler } from "../../lifecycle/oci-container.js";
import type { ContainerRecord } from "../../state/container-record.js";
import { describeContainer } from "../status.js";

export interface CheckpointPlace extends UseCaseOptions {
  /** Is made. */
  directory: string;
  criu: string;
}

/**
 * Writes a paused container down, in the files of CRI-O's and containerd's checkpoints that checkpointctl reads:
 * processes, configuration, what has changed in the root file system, the log.
 */
export async function writeCheckpoint(
  deps: RuntimeDeps,
  record: ContainerRecord,
  { directory, criu, signal }: CheckpointPlace,
): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  await dumpProcesses(deps, record, { directory, criu });
  signal?.throwIfAborted();
  await writeDescriptions(deps, record, directory);
  await packChanges(deps, record, { directory, signal });
  if (record.logPath !== undefined) await copyLog(record.logPath, join(directory, "container.log"));
}

async function dumpProcesses(
  deps: RuntimeDeps,
  { id, sandboxId }: ContainerRecord,
  { directory, criu }: { directory: string; criu: string },
): Promise<void> {
  const images = join(directory, "checkpoint");
  await mkdir(images, { mode: 0o700 });
  const { runc } = requireHandler(deps, deps.sandboxes.get(sandboxId)?.handler ?? "");
  try {
    await exclusively(deps, id, () => runc.checkpoint(id, { criu, images, work: directory }));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const why = (await whyCriuFailed(join(directory, "dump.log"))) ?? said;
    throw new CriError("failed_precondition", `Container ${id} has no checkpoint: ${why}`, { cause });
  }
}

async function writeDescriptions(
  deps: RuntimeDeps,
  record: ContainerRecord,
  directory: string,
): Promise<void> {
  const { id, metadata, image, createdAt, sandboxId } = record;
  const write = (name: string, content: unknown) =>
    writeFile(join(directory, name), JSON.stringify(content), { mode: 0o600 });
  await write("config.dump", {
    id,
    name: metadata.name,
    rootfsImage: image.asked,
    rootfsImageRef: image.id,
    rootfsImageName: image.ref,
    runtime: deps.sandboxes.get(sandboxId)?.handler,
    createdTime: new Date(Number(BigInt(createdAt) / 1_000_000n)).toISOString(),
    checkpointedTime: new Date().toISOString(),
    restored: false,
  });
  await write("status.dump", toJson(ContainerStatusSchema, describeContainer(record)));
  const bundle = deps.paths.container(id).directory;
  await copyFile(join(bundle, "config.json"), join(directory, "spec.dump"), constants.COPYFILE_EXCL);
}

async function packChanges(
  deps: RuntimeDeps,
  { id, image }: ContainerRecord,
  { directory, signal }: Pick<CheckpointPlace, "directory" | "signal">,
): Promise<void> {
  const { upper, rootfs } = deps.paths.container(id);
  const layers = image.layers.map((layer) => join(deps.paths.layers, layer));
  const { changed, deleted } = await readChanges({ upper, layers, target: rootfs });
  await packTar(join(directory, "rootfs-diff.tar"), upper, { entries: changed, signal });
  await writeFile(join(directory, "deleted.files"), JSON.stringify(deleted), { mode: 0o600 });
}

/** A log that a rotation has taken away is none. */
async function copyLog(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}
