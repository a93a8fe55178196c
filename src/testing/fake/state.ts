import { randomBytes } from "node:crypto";

import { type CriError, InvalidArgumentError, NameReservedError, NotFoundError } from "../../errors.js";
import type {
  ContainerConfig,
  ContainerState,
  LinuxContainerResources,
  PodSandboxConfig,
} from "../../proto.js";
import type { MainProcess } from "./main-process.js";

export interface FakePod {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly handler: string;
  readonly createdAt: bigint;
  readonly ip: string;
  isReady: boolean;
}

export interface FakeContainer {
  readonly id: string;
  readonly podId: string;
  readonly config: ContainerConfig;
  readonly imageId: string;
  readonly logPath: string;
  readonly createdAt: bigint;
  state: ContainerState;
  startedAt: bigint;
  finishedAt: bigint;
  exitCode: number;
  reason: string;
  message: string;
  resources: LinuxContainerResources | undefined;
  /** From its start on. */
  process: MainProcess | undefined;
}

export interface FakeImage {
  readonly id: string;
  readonly repoTags: Set<string>;
  readonly repoDigests: Set<string>;
  readonly sizeBytes: number;
  /** Made up: each a day after the one that came before. */
  readonly builtAt: Date;
}

/** All that the fake runtime holds. */
export class FakeState {
  readonly pods = new Map<string, FakePod>();
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new Map<string, FakeImage>();
  #lastTime = 0n;
  #lastAddress = 1;
  readonly newId: () => string;

  constructor(newId = () => randomBytes(32).toString("hex")) {
    this.newId = newId;
  }

  /** Now, in nanoseconds since 1970; never the same twice. */
  now(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastTime = now > this.#lastTime ? now : this.#lastTime + 1n;
    return this.#lastTime;
  }

  newAddress(): string {
    this.#lastAddress += 1;
    return `10.90.${this.#lastAddress >> 8}.${this.#lastAddress & 0xff}`;
  }

  pod(id: string): FakePod {
    return byId(this.pods, id, "pod_sandbox_id");
  }

  container(id: string): FakeContainer {
    return byId(this.containers, id, "container_id");
  }

  containersOf(podId: string): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.podId === podId);
  }
}

/** Undefined: there is none by this ID or prefix. */
export function findById<T>(all: ReadonlyMap<string, T>, id: string): T | undefined {
  const exact = all.get(id);
  if (exact) return exact;
  const ids = [...all.keys()].filter((known) => known.startsWith(id));
  if (ids.length > 1) throw new InvalidArgumentError(`${ids.length} IDs begin with ${id}: give more of it`);
  return ids[0] === undefined ? undefined : all.get(ids[0]);
}

function byId<T>(all: ReadonlyMap<string, T>, id: string, field: string): T {
  if (id === "") throw new InvalidArgumentError(`${field} is empty: name one`, { field });
  const found = findById(all, id);
  if (!found) throw new NotFoundError(`There is none with the ID ${id}`);
  return found;
}

/** In the words by which clients know this error. */
export function nameReserved(name: string, holder: string): CriError {
  return new NameReservedError(`The name "${name}" is reserved for "${holder}"`);
}

export function newestFirst(a: { createdAt: bigint }, b: { createdAt: bigint }): number {
  return a.createdAt < b.createdAt ? 1 : -1;
}

export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
