import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { InvalidArgumentError } from "../../../errors.js";
import { childGroups } from "./child-groups.js";
import type { GroupCounters } from "./counters.js";
import { expectMove } from "./expect-move.js";
import { findGroupTrees } from "./group-trees.js";
import { killGroup, signalGroup } from "./kill-group.js";
import { type LimitFiles, limitHugepages, readLimitFiles, writeLimitFiles } from "./limit-files.js";
import { listPids, ownPids } from "./list-pids.js";
import { findMeasures, type Measure } from "./measures.js";
import { setOomScoreAdj } from "./oom-score.js";
import { directoryIn, type GroupTrees, readCounters, readUsage } from "./read-usage.js";
import { removeGroup } from "./remove-group.js";
import { expandSlice, scopeName, systemdPath } from "./systemd.js";
import type { GroupUsage } from "./usage.js";
import { UsageRates } from "./usage-rates.js";

export type { DeviceCounters, GroupCounters } from "./counters.js";
export type { Measure } from "./measures.js";
export type { Pressure } from "./pressure.js";
export type { CpuUsage, GroupUsage, MemoryUsage, SwapUsage } from "./usage.js";

/** The control groups of this host. */
export interface Cgroups {
  /** A hybrid host, with controllers in version 1, counts as 1. */
  version: 1 | 2;
  /** Whether a parent like `kubepods.slice` asks for systemd to make the groups. */
  isSystemd(parent: string): boolean;
  /** What to write as `linux.cgroupsPath` for a container under this parent. */
  containerPath(parent: string, id: string): string;
  /** Where that group lies in every tree. */
  containerGroup(parent: string, id: string): string;
  /** Where the group of a parent lies. */
  parentGroup(parent: string): string;
  /**
   * Kills every process in a container's group and those below, and waits until they are gone. Absent: done.
   * Thrown when some are still there after 10 s.
   */
  kill(parent: string, id: string): Promise<void>;
  /** Sends SIGKILL to what is in a container's group and those below by now, and waits for none of it. */
  signalKill(parent: string, id: string): Promise<void>;
  /** What a group uses, with all below it. Of a group that is gone nothing is known. */
  usage(group: string): GroupUsage;
  /** What is counted for groups on this host. */
  measures(): ReadonlySet<Measure>;
  /** What is counted for a group beside its usage. */
  counters(group: string): GroupCounters;
  /** The processes in a group and below. */
  pids(group: string): number[];
  /** Whether a group has processes of its own, or groups other than these. */
  hasOthers(group: string, known: readonly string[]): boolean;
  /** The limits of a group, for `restoreLimits`. */
  readLimits(group: string): LimitFiles;
  /** Makes limits again what they were; gives the files that the kernel refuses. */
  restoreLimits(limits: LimitFiles): string[];
  /** Limits huge pages of one size, such as `2MB`, where the host counts them. */
  limitHugepages(group: string, pageSize: string, bytes: number): void;
  /** Sets how readily the kernel kills each process in a group for memory: -1000 (never) to 1000. */
  setOomScoreAdj(group: string, value: number): void;
  /** Has the kernel get ready for a process to come into a group in a moment. */
  expectMove(): Promise<void>;
  /** Whether there is such a group, in whatever tree. */
  exists(group: string): boolean;
  /** Removes a group that has no processes, with the empty ones below it, in every tree. Absent: done. */
  remove(path: string): Promise<void>;
}

export async function detectCgroups(): Promise<Cgroups> {
  return createCgroups(await findGroupTrees());
}

export function createCgroups(trees: GroupTrees): Cgroups {
  return new HostCgroups(trees);
}

class HostCgroups implements Cgroups {
  readonly version: 1 | 2;
  readonly #trees: GroupTrees;
  readonly #rates = new UsageRates();

  constructor(trees: GroupTrees) {
    this.version = trees.version;
    this.#trees = trees;
  }

  isSystemd(parent: string): boolean {
    return parent.endsWith(".slice");
  }

  containerPath(parent: string, id: string): string {
    return this.isSystemd(parent) ? systemdPath(parent, id) : join("/", parent, id);
  }

  containerGroup(parent: string, id: string): string {
    if (id === "") throw new InvalidArgumentError("A container's group needs the container's ID");
    return this.isSystemd(parent) ? join(expandSlice(parent), scopeName(id)) : join("/", parent, id);
  }

  parentGroup(parent: string): string {
    return this.isSystemd(parent) ? expandSlice(parent) : join("/", parent);
  }

  async kill(parent: string, id: string): Promise<void> {
    await killGroup(this.#directories(this.containerGroup(parent, id)));
  }

  async signalKill(parent: string, id: string): Promise<void> {
    await signalGroup(this.#directories(this.containerGroup(parent, id)));
  }

  expectMove(): Promise<void> {
    return expectMove(this.#trees);
  }

  exists(group: string): boolean {
    return this.#directories(group).some((directory) => existsSync(directory));
  }

  async remove(path: string): Promise<void> {
    for (const directory of this.#directories(path)) await removeGroup(directory);
  }

  usage(group: string): GroupUsage {
    const usage = readUsage(this.#trees, group);
    const { cpu } = usage;
    return { ...usage, cpu: cpu && { ...cpu, nanoCores: this.#rates.sample(group, cpu.nanoseconds) } };
  }

  measures(): ReadonlySet<Measure> {
    return findMeasures(this.#trees);
  }

  counters(group: string): GroupCounters {
    return readCounters(this.#trees, group);
  }

  pids(group: string): number[] {
    return this.#inOneTree(group).flatMap(listPids);
  }

  hasOthers(group: string, known: readonly string[]): boolean {
    const names = new Set(known.map((path) => basename(path)));
    return this.#inOneTree(group).some((directory) => {
      return (
        ownPids(directory).length > 0 || childGroups(directory).some((child) => !names.has(basename(child)))
      );
    });
  }

  readLimits(group: string): LimitFiles {
    return readLimitFiles(this.#directories(group));
  }

  restoreLimits(limits: LimitFiles): string[] {
    return writeLimitFiles(limits);
  }

  limitHugepages(group: string, pageSize: string, bytes: number): void {
    limitHugepages(this.#directories(group), pageSize, bytes);
  }

  setOomScoreAdj(group: string, value: number): void {
    for (const directory of this.#inOneTree(group)) setOomScoreAdj(directory, value);
  }

  /** The group's directory in the tree that stands for all; none where there is no such tree. */
  #inOneTree(group: string): string[] {
    const directory = directoryIn(this.#trees, "memory", group);
    return directory === undefined ? [] : [directory];
  }

  /** The group's directory in each tree. Never a whole tree: that is the host itself. */
  #directories(path: string): string[] {
    const absolute = join("/", path);
    if (absolute === "/") throw new InvalidArgumentError("The root group is not a container's");
    return this.#trees.hierarchies.map((hierarchy) => join(hierarchy, absolute));
  }
}
