/**
 * The skeleton of a node agent: a cache of what there is, kept by a watch, and a loop that makes what is so into
 * what is wanted. This one keeps the memory limits that labels of pods ask for, and tells the last words of
 * containers that ran out of memory; put your own work into reconcile.ts. It runs as a DaemonSet: daemonset.yaml.
 *
 *   npx tsx examples/operator/main.ts
 *
 * HOST_ROOT: where the node's root is mounted. RESYNC_SECONDS: how often all is looked at without a change; 30.
 */
import { connect, type ListedContainer, type ListedPod } from "crikit";
import { Reconciler } from "./reconcile.js";
import { WorkQueue } from "./work-queue.js";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<void> {
  const resyncSeconds = Number(process.env.RESYNC_SECONDS ?? 30);
  if (!(resyncSeconds > 0)) throw new Error("RESYNC_SECONDS must be a number above 0");
  await using cri = await connect(undefined, { hostRoot: process.env.HOST_ROOT, signal });
  console.log(`watching ${cri.version.runtimeName} ${cri.version.runtimeVersion}`);

  const pods = new Map<string, ListedPod>();
  const containers = new Map<string, ListedContainer>();
  const reconciler = new Reconciler(signal);
  await using queue = new WorkQueue(async (id) => {
    const container = containers.get(id);
    const pod = container && pods.get(container.listed.podId);
    if (container && pod) await reconciler.reconcile(pod, container);
    else reconciler.forget(id);
  });
  const addAll = () => {
    for (const id of containers.keys()) queue.add(id);
  };
  let resync: NodeJS.Timeout | undefined;
  try {
    for await (const change of cri.watch({ signal })) {
      if (change.type === "synced") {
        addAll(); // not before: half a cache would be taken for the whole
        resync = setInterval(addAll, resyncSeconds * 1000);
        continue;
      }
      if (change.kind === "pod") take(pods, change.type, change.object);
      else take(containers, change.type, change.object);
      if (resync && change.kind === "container") queue.add(change.object.id);
    }
  } finally {
    clearInterval(resync);
  }
}

function take<T extends { readonly id: string }>(
  known: Map<string, T>,
  type: "added" | "updated" | "removed",
  object: T,
): void {
  if (type === "removed") known.delete(object.id);
  else known.set(object.id, object);
}

main().catch((error) => {
  if (signal.aborted) return;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
