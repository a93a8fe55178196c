import { statfs } from "node:fs/promises";

import type { LinuxContainerResources } from "../../../proto.js";
import type { GroupCounters, GroupUsage } from "../../adapters/cgroups/cgroups.js";
import type { MeasuredUsage } from "../../adapters/disk-usage-cache.js";
import { countOpenFiles, type OpenFiles, softOpenFiles } from "../../adapters/open-files.js";
import { containerResources } from "../../container/resources.js";
import type { RuntimeDeps } from "../../deps.js";
import type { ContainerRecord } from "../../state/container-record.js";

/** All that is known of a running container at one moment. */
export interface ContainerSample {
  readonly usage: GroupUsage;
  readonly counters: GroupCounters;
  readonly processes: number;
  readonly openFiles: OpenFiles;
  /** How many files its first process may have open; absent: no limit, or it has just ended. */
  readonly openFilesAtMost: bigint | undefined;
  readonly resources: LinuxContainerResources | undefined;
  readonly startedAt: bigint;
  readonly seenAt: bigint;
  /** What it has written. */
  readonly layer: MeasuredUsage | undefined;
  readonly fileSystem: FileSystem;
}

/** Where containers write. */
export interface FileSystem {
  readonly bytes: bigint;
  readonly inodes: bigint;
  readonly freeInodes: bigint;
}

export async function readFileSystem({ paths }: RuntimeDeps): Promise<FileSystem> {
  const { blocks, bsize, files, ffree } = await statfs(paths.containerRecords, { bigint: true });
  return { bytes: blocks * bsize, inodes: files, freeInodes: ffree };
}

/** Undefined: it has just ended. */
export async function sampleContainer(
  { cgroups }: RuntimeDeps,
  record: ContainerRecord,
  disk: Pick<ContainerSample, "layer" | "fileSystem">,
): Promise<ContainerSample | undefined> {
  const { id, cgroupParent, init, startedAt = "0" } = record;
  const group = cgroups.containerGroup(cgroupParent, id);
  const pids = cgroups.pids(group);
  if (pids.length === 0) return undefined;
  return {
    usage: cgroups.usage(group),
    counters: cgroups.counters(group),
    processes: pids.length,
    openFiles: await countOpenFiles(pids),
    openFilesAtMost: init && softOpenFiles(init.pid),
    resources: containerResources(record),
    startedAt: BigInt(startedAt),
    seenAt: BigInt(Date.now()) * 1_000_000n,
    ...disk,
  };
}
