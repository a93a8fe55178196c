/**
 * Tells what happens to pods and containers, a line for each change, until Ctrl-C. What is there already comes
 * first. It goes on over lost events and restarts of the runtime, and on runtimes that have no events.
 *
 *   npx tsx examples/watch-events.ts [--namespace kube-system]
 */
import { parseArgs } from "node:util";
import { connect, type ListedContainer, NotFoundError, type WatchChange } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { namespace: { type: "string" } } });
  await using cri = await connect(undefined, { signal });
  const podNames = new Map<string, string>();
  for await (const event of cri.watch({ pods: values, containers: values, signal })) {
    if (event.type === "synced") {
      console.log("--- changes from here on");
      continue;
    }
    if (event.kind === "pod") {
      const { name, namespace } = event.object.listed.metadata;
      podNames.set(event.object.id, `${namespace}/${name}`);
    }
    console.log(await describe(event, podNames));
    if (event.kind === "pod" && event.type === "removed") podNames.delete(event.object.id);
  }
}

async function describe(change: WatchChange, podNames: ReadonlyMap<string, string>): Promise<string> {
  const { kind, type, object } = change;
  const podId = kind === "pod" ? object.id : object.listed.podId;
  const name = kind === "pod" ? "" : `/${object.listed.metadata.name}`;
  const from = type === "updated" ? `${change.previous?.listed.state} -> ` : "";
  const to = type === "removed" ? "" : kind === "pod" ? object.listed.state : await stateOf(object);
  const time = new Date().toISOString().slice(11, 23);
  return `${time}  ${kind.padEnd(9)}  ${type.padEnd(7)}  ${podNames.get(podId) ?? podId}${name}  ${from}${to}`.trimEnd();
}

/** Lists tell no exit code, so an ended container is asked for it. */
async function stateOf(container: ListedContainer): Promise<string> {
  const { state } = container.listed;
  if (state !== "exited") return state;
  try {
    const { exitCode, reason } = await container.status({ signal });
    return `exited ${exitCode} (${reason})`;
  } catch (error) {
    if (error instanceof NotFoundError) return state; // removed in the meantime
    throw error;
  }
}

main().catch((error) => {
  if (signal.aborted) return;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
