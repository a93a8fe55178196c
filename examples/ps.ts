/**
 * `ps` for containers that keeps itself up to date: the table is drawn anew with each change, until Ctrl-C.
 *
 *   npx tsx examples/ps.ts          what runs, on a terminal
 *   npx tsx examples/ps.ts --all    ended ones too
 *   npx tsx examples/ps.ts --once   prints it once, for scripts
 */
import { parseArgs } from "node:util";
import { connect, type ListedContainer, type ListedPod } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

const pods = new Map<string, ListedPod>();
const containers = new Map<string, ListedContainer>();

async function main(): Promise<void> {
  const { all, once } = parseArgs({
    options: { all: { type: "boolean", default: false }, once: { type: "boolean", default: false } },
  }).values;
  await using cri = await connect(undefined, { signal });
  let ticks: NodeJS.Timeout | undefined; // ages grow between changes
  try {
    for await (const event of cri.watch({ signal })) {
      if (event.type !== "synced") {
        if (event.kind === "pod") take(pods, event.type, event.object);
        else take(containers, event.type, event.object);
        if (ticks) redraw(all);
      } else if (once) {
        console.log(table(all).join("\n"));
        break;
      } else {
        redraw(all);
        ticks = setInterval(redraw, 1000, all);
      }
    }
  } finally {
    clearInterval(ticks);
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

function redraw(all: boolean): void {
  const { columns = 80, rows = 24 } = process.stdout;
  const seen = table(all).slice(0, rows - 1);
  process.stdout.write(`\x1b[H\x1b[J${seen.map((line) => line.slice(0, columns)).join("\n")}\n`);
}

function table(all: boolean): string[] {
  const rows = [...containers.values()]
    .filter(({ listed }) => all || listed.state === "running")
    .sort((a, b) => b.listed.createdAt.getTime() - a.listed.createdAt.getTime())
    .map(({ id, listed }) => {
      const pod = pods.get(listed.podId)?.listed.metadata;
      const podName = pod ? `${pod.namespace}/${pod.name}` : listed.podId.slice(0, 12);
      const { name, attempt } = listed.metadata;
      return [
        id.slice(0, 12),
        podName,
        name,
        `${attempt}`,
        listed.state,
        age(listed.createdAt),
        listed.image,
      ];
    });
  const cells = [["CONTAINER", "POD", "NAME", "ATTEMPT", "STATE", "AGE", "IMAGE"], ...rows];
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join("  ")
      .trimEnd(),
  );
}

function age(since: Date): string {
  const seconds = Math.max(0, Math.round((Date.now() - since.getTime()) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

main().catch((error) => {
  if (signal.aborted) return;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
