import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startContainerd } from "../test/support/containerd.js";
import { type PodPlace, podLife } from "./runtime/pod.js";
import { installedPackage } from "./support/installed.js";
import type { BenchOptions } from "./support/options.js";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { measureParts, type TimedContender } from "./support/rounds.js";

const peer = "containerd 1.6";
const goals = { start: 0.75, stop: 0.5 } as const;

const text = (rounds: number) =>
  `The time for one pod with one container, on the bundled runtime and on a private containerd from Debian, driven by the same client through the same calls: RunPodSandbox, CreateContainer and StartContainer to start; StopContainer without grace, StopPodSandbox and both removals to stop. Both run runc and the same CNI plugins on a bridge; neither masquerades per pod. ${rounds} rounds, in which both take turns.

What is done at once, and why it may be, is in [decision 41](../decisions/0041-at-once.md). What a pod costs beyond that: conmon with \`runc create\` 20 to 25 ms for each of its two containers, a plugin's DEL 25, of which most is the kernel's wait for an interface to go. With four at a time it is processor time that counts, all of it together. An end takes a third less of it than it did, since two runs of \`runc delete\` and an \`umount\` are no longer programs of their own. Of a start most is runc, 20 ms for each container, and conmon, 4 ms. The daemon starts six or seven programs for a start and two for an end. Each is a fork of half a millisecond, and then its one thread waits until the child has come to its program, 3 ms where two processors have four pods to make. Looked at and not done: a small process that forks in the daemon's place, which would take that wait away, as each program's pipes, exit code, group and death with the daemon would have to go through it; writes of the records, which wait for no disk and take half a millisecond each; the shared memory mounted with the root file system by one \`mount --all\`, which would read the list of all mounts; a pause process without a monitor, whose end nobody would tell; runc and the plugins with Go's collector off and one processor, 2 ms of processor time a pod; files of the state directory removed by synchronous calls, which ext4 makes longer than the way through Node's pool.`;

/** A pod's start and end, one at a time and four. */
export async function runtime({ rounds = 30 }: BenchOptions = {}): Promise<void> {
  const logDirectory = await mkdtemp(join(tmpdir(), "crikit-bench-"));
  try {
    const rows = await compareRuntimes(logDirectory, rounds);
    console.log(markdownTable(rows));
    await writeResults("runtime", { title: "The runtime", text: text(rounds), rows });
  } finally {
    await rm(logDirectory, { recursive: true, force: true });
  }
}

async function compareRuntimes(logDirectory: string, rounds: number): Promise<ResultRow[]> {
  const { connect, startRuntime, busyboxImage, serveRegistry } = await installedPackage();
  await using registry = await serveRegistry([{ ref: "bench/busybox:1", ...(await busyboxImage()) }]);
  await using own = await startRuntime({ logLevel: "warn" });
  await using other = await startContainerd();
  await using crikit = await connect(own.endpoint);
  await using containerd = await connect(other.endpoint);
  const image = registry.ref("bench/busybox:1");
  for (const cri of [crikit, containerd]) await cri.images.pull(image);
  const places = {
    crikit: { cri: crikit, image, logDirectory },
    [peer]: { cri: containerd, image, logDirectory },
  };
  return [...(await compareWidth(places, 1, rounds)), ...(await compareWidth(places, 4, rounds))];
}

async function compareWidth(
  places: Record<string, PodPlace>,
  width: number,
  rounds: number,
): Promise<ResultRow[]> {
  const contenders = Object.entries(places).map(
    ([name, place]): TimedContender => ({
      name,
      run: async () => ({ ...(await podLife(place, { width })) }),
    }),
  );
  const times = await measureParts(contenders, { rounds });
  const [own = {}, other = {}] = [times.get("crikit"), times.get(peer)];
  const names = { start: "run, create and start a pod", stop: "stop and remove a pod" };
  return (["start", "stop"] as const).map((part) => {
    const what = `${names[part]}, ${width === 1 ? "one" : "four"} at a time`;
    return compare({ what, peer, unit: "ms", goal: goals[part] }, own[part] ?? [], other[part] ?? []);
  });
}
