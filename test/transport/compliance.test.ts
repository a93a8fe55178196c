import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { cancelCases } from "./compliance/cancel-cases.js";
import { type CaseTools, type ComplianceCase, rpcClient } from "./compliance/case.js";
import { connectNodeDifferences } from "./compliance/differences.js";
import { messageCases } from "./compliance/message-cases.js";
import { sessionCases } from "./compliance/session-cases.js";
import { statusCases } from "./compliance/status-cases.js";
import { type RawServer, serveRaw, temporaryDirectory } from "./support/raw-server.js";
import { connectNodeTransport, ownTransport, type Subject } from "./support/subjects.js";

const cases = [...messageCases, ...statusCases, ...cancelCases, ...sessionCases];

/** Runs the case and ends all that it has opened. */
async function see(subject: Subject, { see }: ComplianceCase): Promise<unknown> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  const servers: RawServer[] = [];
  const connections: Disposable[] = [];
  const connect: CaseTools["connect"] = (options) => {
    const connection = subject.open(path, options);
    connections.push({ [Symbol.dispose]: () => connection.close() });
    return connection;
  };
  try {
    return await see({
      path,
      async serve(handler) {
        const server = await serveRaw(path, handler);
        servers.push(server);
        return server;
      },
      connect,
      client: (options) => rpcClient(connect(options)),
    });
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
    for (const server of servers) await server.kill();
  }
}

describe("our transport", () => {
  for (const each of cases) {
    test(each.name, async () => {
      expect(await see(ownTransport, each)).toEqual(each.expected);
    });
  }
});

describe("connect-node's gRPC transport", () => {
  for (const each of cases) {
    test(each.name, async () => {
      const difference = connectNodeDifferences[each.name];
      const seen = await see(connectNodeTransport, each);
      if (difference) expect(seen, "the difference has changed").toEqual(difference.seen);
      else expect(seen).toEqual(each.expected);
    });
  }

  test("a difference is one", () => {
    const same = cases.filter(({ name, expected }) => {
      const difference = connectNodeDifferences[name];
      return difference !== undefined && isDeepStrictEqual(difference.seen, expected);
    });
    expect(same).toEqual([]);
  });

  test("every difference belongs to a case", () => {
    const names = new Set(cases.map(({ name }) => name));
    expect(Object.keys(connectNodeDifferences).filter((name) => !names.has(name))).toEqual([]);
  });
});
