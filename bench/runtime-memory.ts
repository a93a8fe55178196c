import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CriClient } from "../src/index.js";
import { startContainerd } from "../test/support/containerd.js";
import { findStarted, memoryOf, type RuntimeMemory } from "./runtime-memory/memory.js";
import { Pods } from "./runtime-memory/pods.js";
import { readContender } from "./runtime-memory/reads.js";
import { installedPackage } from "./support/installed.js";
import type { BenchOptions } from "./support/options.js";
import { compare, type ResultRow, report } from "./support/results.js";
import { measureParts } from "./support/rounds.js";

const peer = "containerd 1.6";
const goals = { pod: 0.4, daemon: 1.5, flat: 1.1 } as const;
/** For the garbage collectors, which both wait for a quiet moment. */
const settleMs = 10_000;

const text = (rounds: number, few: number, most: number) =>
  `What pods of one container (\`sleep\`) cost the node, on the bundled runtime and on a private containerd from Debian, which run at the same time, with ${few} pods and with ${most}. At each number the lists and statuses that kubelet asks for are read first, in ${rounds} rounds in which both take turns, and ten seconds pass. Memory per pod is all that has come since there were no pods but the payload itself: the proportional set size of the monitors (two conmon, one containerd-shim-runc-v2) and the pause process, and what the daemon has grown by. The daemon's memory is its resident set: beside the benchmark, which is a Node process too, the proportional one would leave out half of Node. The time for an item is that of the whole call at the client, divided by the items.

What made it smaller: a gRPC server of the daemon's own, whose calls leave a fraction of the garbage that connect-node's did and take a third of the time; two flags that have V8 collect sooner; a status that reads only what it shows. Together they halve the daemon's memory at 500 pods. What did not help, or cost more than it gave (--optimize-for-size, fewer arenas of malloc, a collection after the start), is in [decision 42](../decisions/0042-small-daemon.md). What is left at no pods is Node's program, 48 MB, and 10 MB of a heap; per pod it is two conmon, whose own memory is what it is.`;

/** What pods cost the node's memory, and whether what is read of them costs the same for each however many there are. */
export async function runtimeMemory(options: BenchOptions): Promise<void> {
  const { rounds = 10, pods: most = 500 } = options;
  const few = Math.round(most / 5);
  const logDirectory = await mkdtemp(join(tmpdir(), "crikit-bench-"));
  try {
    const rows = await compareRuntimes({ logDirectory, few, most, rounds });
    const page = { title: "The runtime's memory", text: text(rounds, few, most), rows };
    await report("runtime-memory", page, options);
  } finally {
    await rm(logDirectory, { recursive: true, force: true });
  }
}

interface Plan {
  readonly logDirectory: string;
  readonly few: number;
  readonly most: number;
  readonly rounds: number;
}

/** A runtime with its daemon's process and the pods in it. */
interface Side {
  readonly name: string;
  readonly cri: CriClient;
  readonly daemon: number;
  readonly pods: Pods;
}

async function compareRuntimes(plan: Plan): Promise<ResultRow[]> {
  const { connect, startRuntime, busyboxImage, serveRegistry } = await installedPackage();
  await using registry = await serveRegistry([{ ref: "bench/busybox:1", ...(await busyboxImage()) }]);
  await using own = await startRuntime({ logLevel: "warn" });
  await using other = await startContainerd();
  await using crikit = await connect(own.endpoint);
  await using containerd = await connect(other.endpoint);
  const image = registry.ref("bench/busybox:1");
  for (const cri of [crikit, containerd]) await cri.images.pull(image);
  const { logDirectory } = plan;
  await using ownPods = new Pods({ cri: crikit, image, logDirectory });
  await using otherPods = new Pods({ cri: containerd, image, logDirectory });
  const sides = [
    { name: "crikit", cri: crikit, daemon: own.pid, pods: ownPods },
    { name: peer, cri: containerd, daemon: await findStarted("containerd"), pods: otherPods },
  ];
  const none = await measure(sides, 0, 0);
  const few = await measure(sides, plan.few, plan.rounds);
  const many = await measure(sides, plan.most, plan.rounds);
  return [...perPodRows(none, few), ...daemonRows([none, few, many]), ...readRows(few, many)];
}

interface Measured {
  readonly pods: number;
  readonly memory: readonly RuntimeMemory[];
  /** By the side's name, the times of each call's items. */
  readonly reads: ReadonlyMap<string, Record<string, number[]>>;
}

async function measure(sides: readonly Side[], pods: number, rounds: number): Promise<Measured> {
  for (const side of sides) await side.pods.growTo(pods);
  const contenders = sides.map((side) => readContender(side.name, side.cri, side.pods));
  const reads = await measureParts(pods === 0 ? [] : contenders, { rounds });
  await sleep(settleMs);
  const memory: RuntimeMemory[] = [];
  for (const { daemon } of sides) memory.push(await memoryOf(daemon, "sleep"));
  return { pods, memory, reads };
}

function perPodRows(none: Measured, some: Measured): ResultRow[] {
  const perPod = (part: keyof RuntimeMemory) =>
    some.memory.map((memory, side) => (memory[part] - (none.memory[side]?.[part] ?? 0)) / some.pods);
  const row = (what: string, part: keyof RuntimeMemory, goal: number | null) => {
    const [own = Number.NaN, other = Number.NaN] = perPod(part);
    return compare({ what, peer, unit: "kB", goal }, [own], [other]);
  };
  return [
    row(`memory of a pod with one container, at ${some.pods} pods`, "whole", goals.pod),
    row("of that: monitors", "monitors", null),
    row("of that: pause process", "pauses", null),
    row("of that: what the daemon has grown by", "daemon", null),
  ];
}

function daemonRows(measured: readonly Measured[]): ResultRow[] {
  return measured.map(({ pods, memory: [own, other] }) => {
    const what = `daemon's memory at ${pods} pods`;
    const megabytes = (memory?: RuntimeMemory) => [(memory?.daemon ?? Number.NaN) / 1000];
    return compare({ what, peer, unit: "MB", goal: goals.daemon }, megabytes(own), megabytes(other));
  });
}

function readRows(few: Measured, many: Measured): ResultRow[] {
  const own = many.reads.get("crikit") ?? {};
  return Object.entries(own).flatMap(([call, times]) => {
    const what = `${call} at ${many.pods} pods, an item`;
    const before = few.reads.get("crikit")?.[call] ?? [];
    const other = many.reads.get(peer)?.[call] ?? [];
    return [
      compare({ what, peer: `at ${few.pods} pods`, unit: "µs", goal: goals.flat }, times, before),
      compare({ what, peer, unit: "µs", goal: null }, times, other),
    ];
  });
}
