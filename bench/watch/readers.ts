import { on } from "node:events";
import { createInterface } from "node:readline";
import type { CriClient } from "../../src/index.js";
import { connectBuilt } from "../support/built.js";
import { startServer } from "../support/server.js";

/** A server, and a program that reads its events. */
export interface EventReader extends AsyncDisposable {
  /** Changes the container with this index; resolves to the milliseconds from the event to the program. */
  nextEvent(index: number): Promise<number>;
}

export async function watchedChanges(size: { containers: number }): Promise<EventReader> {
  return reader(size, async (cri) => {
    const changes = cri.watch()[Symbol.asyncIterator]();
    for (let synced = false; !synced; ) synced = (await changes.next()).value?.type === "synced";
    return changes;
  });
}

export async function bareEvents(size: { containers: number }): Promise<EventReader> {
  return reader(size, async (cri) => cri.runtime.getContainerEvents({})[Symbol.asyncIterator]());
}

async function reader(
  size: { containers: number },
  open: (cri: CriClient) => Promise<AsyncIterator<unknown>>,
): Promise<EventReader> {
  const server = await startServer("watch/server.ts", size);
  const cri = await connectBuilt(server.path);
  const told = on(createInterface(server.process.stdout), "line");
  const events = await open(cri);
  const next = () => events.next().then(() => process.hrtime.bigint());
  // It waits for events from now on; what is answered after this call, the server has taken up after it.
  let seen = next();
  await cri.runtime.version({});
  return {
    async nextEvent(index) {
      server.process.stdin.write(`${index}\n`);
      const { value } = await told.next();
      const time = Number((await seen) - BigInt(value[0])) / 1e6;
      seen = next();
      return time;
    },
    async [Symbol.asyncDispose]() {
      seen.catch(() => {});
      await cri.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
