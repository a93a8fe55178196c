import { createServer, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

import { deferred } from "../../../../src/async/deferred.js";

type Fault = "corrupt" | "truncate" | "reset" | number;

/** A registry seen through a glass: what is asked of it is counted, held back or spoilt on the way. */
export interface Front extends AsyncDisposable {
  readonly host: string;
  /** `GET /v2/...` in the order they came. */
  readonly requests: readonly string[];
  /** How many requests were for this digest's content. */
  fetches(digest: string): number;
  /** Requests for this digest wait until they are let go. */
  hold(digest: string): Held;
  /** Spoils the answers for this digest, so many of them: all unless given. A number is a status to answer with. */
  spoil(digest: string, fault: Fault, times?: number): void;
}

export interface Held {
  /** Resolves once somebody waits. */
  readonly asked: Promise<void>;
  release(): void;
}

interface Hold extends Held {
  arrive(): void;
  released: Promise<void>;
}

export async function startFront({ host: behind }: { host: string }): Promise<Front> {
  const requests: string[] = [];
  const holds = new Map<string, Hold>();
  const faults = new Map<string, { fault: Fault; times: number }>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url}`);
    const digest = request.url?.split("/").at(-1) ?? "";
    const hold = holds.get(digest);
    if (hold && request.method === "GET") {
      hold.arrive();
      await hold.released;
    }
    const fault = request.method === "GET" ? takeFault(digest) : undefined;
    if (typeof fault === "number") {
      response.statusCode = fault;
      response.end();
      return;
    }
    if (fault === "reset") return void request.socket.resetAndDestroy();
    const answered = await forward(request, behind);
    response.writeHead(answered.statusCode ?? 500, answered.headers);
    if (fault === undefined) return pipeline(answered, response);
    const body = Buffer.concat(await answered.toArray());
    if (fault === "truncate") {
      response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
      return;
    }
    body[Math.floor(body.length / 2)] = (body[Math.floor(body.length / 2)] ?? 0) ^ 0xff;
    response.end(body);
  }

  function takeFault(digest: string): Fault | undefined {
    const found = faults.get(digest);
    if (!found || found.times === 0) return undefined;
    found.times--;
    return found.fault;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    requests,
    fetches: (digest) => requests.filter((line) => line.startsWith("GET") && line.endsWith(digest)).length,
    hold(digest) {
      const asked = deferred<void>();
      const released = deferred<void>();
      const release = () => {
        holds.delete(digest);
        released.resolve();
      };
      holds.set(digest, { asked: asked.promise, arrive: asked.resolve, released: released.promise, release });
      return { asked: asked.promise, release };
    },
    spoil: (digest, fault, times = Number.POSITIVE_INFINITY) => void faults.set(digest, { fault, times }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function forward(request: IncomingMessage, behind: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = request;
    const onward = open(`http://${behind}${url}`, { method, headers: { ...headers, host: behind } });
    onward.once("response", resolve).once("error", reject);
    request.pipe(onward);
  });
}
