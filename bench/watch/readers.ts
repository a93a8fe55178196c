import { on } from "node:events";
import { createInterface } from "node:readline";
import type { CriClient } from "../../src/index.js";
import { connectInstalled } from "../support/installed.js";
import { startServer } from "../support/server.js";

/** A server, and a program that reads its events. */
export interface EventReader extends AsyncDisposable {
  /** Changes these containers at once; resolves to the milliseconds from the first event until the program has all. */
  change(indexes: readonly number[]): Promise<number>;
}

interface Size {
  readonly containers: number;
}

export async function watchedChanges(size: Size): Promise<EventReader> {
  return reader(size, async (cri) => {
    const changes = cri.watch()[Symbol.asyncIterator]();
    for (let synced = false; !synced; ) synced = (await changes.next()).value?.type === "synced";
    return changes;
  });
}

export async function bareEvents(size: Size): Promise<EventReader> {
  return reader(size, async (cri) => cri.runtime.getContainerEvents({})[Symbol.asyncIterator]());
}

/** What a program gets that asks for the containers of an event's pod by itself. */
export async function askedLists(size: Size): Promise<EventReader> {
  return reader(size, async (cri) => answers(cri));
}

async function* answers({ runtime }: CriClient) {
  for await (const { podSandboxStatus } of runtime.getContainerEvents({})) {
    yield await runtime.listContainers({ filter: { podSandboxId: podSandboxStatus?.id ?? "" } });
  }
}

async function reader(
  size: Size,
  open: (cri: CriClient) => Promise<AsyncIterator<unknown>>,
): Promise<EventReader> {
  const server = await startServer("watch/server.ts", size);
  const cri = await connectInstalled(server.path);
  const told = on(createInterface(server.process.stdout), "line");
  const events = await open(cri);
  const next = () => events.next().then(() => process.hrtime.bigint());
  // It waits for events from now on; what is answered after this call, the server has taken up after it.
  let seen = next();
  await cri.runtime.version({});
  return {
    async change(indexes) {
      server.process.stdin.write(indexes.map((index) => `${index}\n`).join(""));
      const times: bigint[] = [];
      for (const _ of indexes) {
        times.push(await seen);
        seen = next();
      }
      const { value } = await told.next();
      for (const _ of indexes.slice(1)) await told.next();
      return Number((times.at(-1) ?? 0n) - BigInt(value[0])) / 1e6;
    },
    async [Symbol.asyncDispose]() {
      seen.catch(() => {});
      await cri.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
