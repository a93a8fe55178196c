/**
 * Copies a file or a directory into a container, or out of one. Both sides need a tar program.
 *
 *   npx tsx examples/copy.ts ./site demo/web:/srv          becomes /srv/site in the container
 *   npx tsx examples/copy.ts demo/web:/etc/nginx ./backup  becomes ./backup/nginx
 *
 * A container is POD/CONTAINER by their names, or CONTAINER by its name or the beginning of its ID. The target is
 * a directory that is there.
 */
import { parseArgs } from "node:util";
import { type CriClient, connect, type ListedContainer } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

interface Remote {
  readonly pod: string | undefined;
  readonly container: string;
  readonly path: string;
}

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [source, target] = positionals;
  if (!source || !target || positionals.length > 2) throw new Error(usage);
  const [from, to] = [parseRemote(source), parseRemote(target)];
  await using cri = await connect(undefined, { signal });
  if (from && !to) await (await find(cri, from)).copyOut(from.path, target, { signal });
  else if (to && !from) await (await find(cri, to)).copyIn(source, to.path, { signal });
  else throw new Error(usage);
}

const usage =
  "Usage: copy SOURCE TARGET, one of them a path on this machine, the other [POD/]CONTAINER:/absolute/path";

function parseRemote(text: string): Remote | undefined {
  const [, pod, container, path] = /^(?:([^/:]+)\/)?([^/:]+):(\/.*)$/.exec(text) ?? [];
  return container && path ? { pod, container, path } : undefined;
}

async function find(cri: CriClient, { pod, container }: Remote): Promise<ListedContainer> {
  const pods = pod === undefined ? undefined : await cri.pods.list({ name: pod, state: "ready" }, { signal });
  const running = await cri.containers.list({ state: "running" }, { signal });
  const found = running.filter(
    ({ id, listed }) =>
      (!pods || pods.some((one) => one.id === listed.podId)) &&
      (listed.metadata.name === container || (!pod && id.startsWith(container))),
  );
  const [first] = found;
  if (first && found.length === 1) return first;
  const where = pod === undefined ? "" : ` in a pod named ${pod}`;
  throw new Error(`${found.length || "No"} running containers are named ${container}${where}`);
}

main().catch((error) => {
  console.error(signal.aborted ? "Interrupted" : error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
