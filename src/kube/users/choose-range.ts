import { randomInt } from "node:crypto";
import type { CriClient } from "../../api/client.js";
import type { Rollback } from "../../async/rollback.js";
import { CriError, NotFoundError } from "../../errors.js";
import { type ReadUserRange, usersOfPod } from "../translate/user-range.js";

/** Those that kubelet gives out on a node where nobody has told it others. */
const first = usersOfPod;
const ranges = 110;

/** What this process has chosen for pods that it plays, on whatever runtime: the host's IDs are the same. */
const held = new Set<ReadUserRange>();

/**
 * One that no pod of the runtime has, nor another one that this process plays, until the rollback. At random, so that
 * two processes that look at the same time hardly choose the same.
 */
export async function chooseUserRange(
  cri: CriClient,
  { rollback, signal }: { rollback: Rollback; signal: AbortSignal | undefined },
): Promise<ReadUserRange> {
  const taken = [...(await rangesOfPods(cri, signal)), ...held];
  const all = Array.from({ length: ranges }, (_, index) => ({
    first: first + index * usersOfPod,
    count: usersOfPod,
  }));
  const free = all.filter((range) => !taken.some((other) => overlap(range, other)));
  const chosen = free[randomInt(Math.max(free.length, 1))];
  if (!chosen) {
    throw new CriError(
      "resource_exhausted",
      `All ${ranges} ranges of user IDs from ${first} on belong to pods: give another one with the option userRange`,
    );
  }
  held.add(chosen);
  rollback.add("give the user IDs back", async () => {
    held.delete(chosen);
  });
  return chosen;
}

async function rangesOfPods(cri: CriClient, signal: AbortSignal | undefined): Promise<ReadUserRange[]> {
  const found: ReadUserRange[] = [];
  for (const { id } of await cri.pods.list({}, { signal })) {
    try {
      const { raw } = await cri.pods.get(id).status({ signal });
      const { uids = [], gids = [] } = raw.status?.linux?.namespaces?.options?.usernsOptions ?? {};
      found.push(...[...uids, ...gids].map(({ hostId, length }) => ({ first: hostId, count: length })));
    } catch (error) {
      // It was removed meanwhile.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return found;
}

function overlap(a: ReadUserRange, b: ReadUserRange): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}
