import { once } from "node:events";
import { startGoClient } from "../support/go-client.js";
import { grpcJsClient } from "../support/grpc-js.js";
import { connectInstalled } from "../support/installed.js";
import { timeOf } from "../support/rounds.js";

/** By which RPC, and for crikit to what: `handles` is the streaming RPC too. */
export type ListMode = "unary" | "streaming" | "handles";

/** A way to list containers. */
export interface Lister {
  readonly name: string;
  /** Lists so often, one after the other; resolves to the milliseconds that took. */
  list(mode: ListMode, times: number): Promise<number>;
  close(): void;
}

type Ways = Record<ListMode, () => Promise<ArrayLike<unknown>>>;

/** The lists of a peer that is in this process. */
function listing(ways: Ways): Lister["list"] {
  return (mode, times) =>
    timeOf(async () => {
      for (let time = 0; time < times; time++) {
        if ((await ways[mode]()).length === 0) throw new Error("An empty list");
      }
    });
}

export async function crikitLists(path: string): Promise<Lister> {
  const cri = await connectInstalled(path);
  const ways: Ways = {
    unary: async () => (await cri.runtime.listContainers({})).containers,
    streaming: async () => {
      const all: unknown[] = [];
      for await (const { containers } of cri.runtime.streamContainers({})) all.push(...containers);
      return all;
    },
    handles: () => cri.containers.list(),
  };
  return { name: "crikit", list: listing(ways), close: () => cri.close() };
}

interface ContainersMessage {
  readonly containers: readonly unknown[];
}

export function grpcJsLists(path: string): Lister {
  const client = grpcJsClient(path);
  const unary = () =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      const deadline = Date.now() + 10_000;
      client.ListContainers?.({}, { deadline }, (error: Error | null, response: ContainersMessage) => {
        if (error) reject(error);
        else resolve(response.containers);
      });
    });
  const streaming = async () => {
    const call = client.StreamContainers?.({});
    const all: unknown[] = [];
    call.on("data", ({ containers }: ContainersMessage) => all.push(...containers));
    await once(call, "end");
    return all;
  };
  const list = listing({ unary, streaming, handles: streaming });
  return { name: "@grpc/grpc-js", list, close: () => client.close() };
}

export function goLists(path: string): Lister {
  const client = startGoClient(path);
  return {
    name: "cri-client (Go)",
    list: (mode, times) => client.call(mode === "unary" ? "list" : "stream", times),
    close: () => client.close(),
  };
}
