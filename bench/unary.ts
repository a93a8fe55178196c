import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { type Contender, measureRounds } from "./support/rounds.js";
import { bareHttp2Peer, connectNodePeer, crikitPeer, grpcJsPeer, type Peer } from "./unary/peers.js";

const rounds = 30;
const callsPerRound = 1000;
const inFlight = 32;

const goals: Record<string, { sequence: number | null; parallel: number | null }> = {
  "bare node:http2": { sequence: 1.05, parallel: 1.1 },
  "connect-node": { sequence: null, parallel: null },
  "@grpc/grpc-js": { sequence: 0.6, parallel: 0.5 },
};

const text = `One unary call, Version, over a unix socket, by crikit's service client (\`cri.runtime.version({})\`) and by what one would take instead. The server is a process of its own and the same for all, so the differences are the clients'. ${rounds} rounds of ${callsPerRound} calls each, in which all take turns.`;

/** Unary calls, one after the other and many at once. */
export async function unary(): Promise<void> {
  const server = await startServer();
  const others = [bareHttp2Peer, connectNodePeer, grpcJsPeer].map((make) => make(server.path));
  const peers = [await crikitPeer(server.path), ...others];
  try {
    const rows = [
      ...(await measure(peers, "unary call, in sequence", { width: 1, goal: "sequence" })),
      ...(await measure(peers, `unary call, ${inFlight} in flight`, { width: inFlight, goal: "parallel" })),
    ];
    console.log(markdownTable(rows));
    await writeResults("unary", { title: "Unary calls", text, rows });
  } finally {
    for (const peer of peers) peer.close();
    await server.stop();
  }
}

async function measure(
  peers: Peer[],
  what: string,
  { width, goal }: { width: number; goal: "sequence" | "parallel" },
): Promise<ResultRow[]> {
  const contenders = peers.map(
    (peer): Contender => ({ name: peer.name, run: () => callInLanes(peer, callsPerRound, width) }),
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

/** Makes the calls with so many in flight all the time. */
async function callInLanes(peer: Peer, calls: number, width: number): Promise<void> {
  let left = calls;
  const lane = async () => {
    while (left-- > 0) await peer.version();
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function startServer(): Promise<{ path: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-bench-"));
  const path = join(directory, "bench.sock");
  const program = fileURLToPath(new URL("unary/server.ts", import.meta.url));
  const server = spawn(process.execPath, ["--import", "tsx", program, path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  await Promise.race([once(server.stdout, "data"), exited]);
  return {
    path,
    async stop() {
      server.stdin.end();
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
