import type { BenchOptions } from "./support/options.js";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { type Contender, measureRounds } from "./support/rounds.js";
import { startServer } from "./support/server.js";
import { bareHttp2Peer, connectNodePeer, crikitPeer, goPeer, grpcJsPeer, type Peer } from "./unary/peers.js";

const usualRounds = 30;
const callsPerRound = 1000;
const inFlight = 32;

const goals: Record<string, { sequence: number | null; parallel: number | null }> = {
  "bare node:http2": { sequence: 1.05, parallel: 1.1 },
  "connect-node": { sequence: null, parallel: null },
  "@grpc/grpc-js": { sequence: 0.6, parallel: 0.5 },
  "cri-client (Go)": { sequence: 1, parallel: 1.2 },
};

function textOf(rounds: number): string {
  return `One unary call, Version, over a unix socket, by crikit's service client (\`cri.runtime.version({})\`) and by what one would take instead. The server is a process of its own and the same for all, so the differences are the clients'. crikit speaks HTTP/2 by a client of its own ([decision 43](../decisions/0043-own-http2-client.md)): most of a call was what node:http2 makes for one, so no mending above it could come below the bare call. ${rounds} rounds of ${callsPerRound} calls each, in which all take turns. No garbage is collected between them, as a round leaves little. After a collection of all that V8 has, which throws away the code that it has optimized for objects that are gone, a thousand calls take crikit twice as long with 32 in flight (72 µs each beside 45 of cri-client, and 113 of node:http2, when there was one before each round), until that code has been made again.`;
}

/** Unary calls, one after the other and many at once. */
export async function unary({ rounds = usualRounds }: BenchOptions): Promise<void> {
  await using server = await startServer();
  const others = [bareHttp2Peer, connectNodePeer, grpcJsPeer, goPeer].map((make) => make(server.path));
  const peers = [await crikitPeer(server.path), ...others];
  try {
    const rows = [
      ...(await measure(peers, "unary call, in sequence", { width: 1, goal: "sequence", rounds })),
      ...(await measure(peers, `unary call, ${inFlight} in flight`, {
        width: inFlight,
        goal: "parallel",
        rounds,
      })),
    ];
    console.log(markdownTable(rows));
    await writeResults("unary", { title: "Unary calls", text: textOf(rounds), rows });
  } finally {
    for (const peer of peers) peer.close();
  }
}

async function measure(
  peers: Peer[],
  what: string,
  { width, goal, rounds }: { width: number; goal: "sequence" | "parallel"; rounds: number },
): Promise<ResultRow[]> {
  const contenders = peers.map(
    (peer): Contender => ({ name: peer.name, run: () => peer.calls(callsPerRound, width) }),
  );
  const times = await measureRounds(contenders, { rounds, unitsPerRound: callsPerRound });
  const [own, ...others] = peers;
  const crikit = times.get(own?.name ?? "") ?? [];
  return others.map(({ name }) =>
    compare(
      { what, peer: name, unit: "µs", goal: goals[name]?.[goal] ?? null },
      crikit,
      times.get(name) ?? [],
    ),
  );
}
