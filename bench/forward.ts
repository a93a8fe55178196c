import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";
import { crictlPath } from "../test/left-out.js";
import { crictlFlags } from "../test/support/crictl.js";
import { inContainer } from "./support/bench-container.js";
import { memoryPeak } from "./support/client-process.js";
import { installedProgram } from "./support/installed.js";
import { type BenchOptions, printSize } from "./support/options.js";
import { inBundledRuntime } from "./support/places.js";
import { compare, type ResultRow, report } from "./support/results.js";
import { measureParts, timeOf } from "./support/rounds.js";

const gibibyte = 2 ** 30;
const connections = 64;
const port = 8080;
/** The kernel's list of sockets has ports in hexadecimal. */
const untilServed = `until grep -q :${port.toString(16).toUpperCase()} /proc/net/tcp*; do sleep 0.1; done`;
const peer = "crictl port-forward";
const source = new URL("forward/forwarder.mjs", import.meta.url);

const text = (rounds: number) =>
  `Bytes out of a port of a pod, where busybox serves them by HTTP, through ${connections} connections at once, on the bundled runtime: through \`pod.forward\` in a process of its own and through \`crictl port-forward\`. The time is from the first connect to the last byte; both listen already, so that neither's start counts. Memory is the forwarding process's peak, at its end. crikit opens each connection by an RPC and a session of its own, so that neither a port that refuses nor a client that reads slowly holds up the others: in a process that has just started that costs about 3 ms of processor each, two more than crictl's. The bytes cost it less, 0.7 s of processor for 1 GiB and crictl 1.2 s: what comes is read into one buffer for each connection, again and again, and written from there to the local socket, without a stream between. Streams, and memory that is new for each read, took 1.6 s. Buffers of 64 or 128 KiB rather than 256 made no difference beyond the noise. The runtime's socat takes 64 KiB at a time rather than its own 8, which saves it two fifths of its processor time (1.7 s and 1.0 s for 1 GiB). The daemon reads what socat brings into one buffer for each connection, too: in new memory for each read V8 marked the daemon's whole heap again and again, in one try 19 times for 512 MiB by crikit's sessions and 13 times by crictl's one. The buffer saves the daemon 0.3 to 0.4 s of the 1.2 to 1.3 s of processor that 1 GiB took, whoever forwards. What a session needs of the package is loaded when \`pod.forward\` begins to listen. ${rounds} rounds, in which both take turns.`;

/** Many connections into a pod. */
export async function forward(options: BenchOptions): Promise<void> {
  const { sizeBytes = gibibyte, rounds = 18 } = options;
  const each = sizeBytes / connections;
  const serve = ["sh", "-c", `truncate -s ${each} /tmp/zeros && exec httpd -f -p ${port} -h /tmp`];
  const rows: ResultRow[] = [];
  await inBundledRuntime((place) =>
    inContainer(place, serve, async ({ pod, container }) => {
      await container.exec(["sh", "-c", untilServed], { check: true });
      const args = [await installedProgram(source), place.endpoint, pod.id, String(port)];
      const crictlArgs = crictlFlags(place.endpoint, ["port-forward", pod.id, `:${port}`]);
      const costs = await measureParts(
        [
          { name: "crikit", run: () => through(process.execPath, args, each) },
          { name: peer, run: () => through(crictlPath, crictlArgs, each) },
        ],
        { rounds },
      );
      const part = (name: string, cost: string) => costs.get(name)?.[cost] ?? [];
      const what = `port-forward, ${connections} connections at once, ${printSize(sizeBytes)} in all`;
      rows.push(
        compare({ what, peer, unit: "ms", goal: 1 }, part("crikit", "ms"), part(peer, "ms")),
        compare(
          { what: `${what}: peak memory`, peer, unit: "MB", goal: null },
          part("crikit", "peak"),
          part(peer, "peak"),
        ),
      );
    }),
  );
  await report("forward", { title: "Port-forward", text: text(rounds), rows }, options);
}

/** Has a program forward the port, and reads the file through each of the connections. */
async function through(program: string, args: readonly string[], each: number) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  try {
    const local = await forwardedPort(child);
    const ms = await timeOf(() =>
      Promise.all(Array.from({ length: connections }, () => readAll(local, each))),
    );
    return { ms, peak: (await memoryPeak(child.pid)) ?? Number.NaN };
  } finally {
    child.stdin.end();
    child.kill();
    await ended;
  }
}

async function forwardedPort(child: ChildProcessByStdio<Writable, Readable, null>): Promise<number> {
  let said = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk;
    const [, local] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];
    // crictl tells of each connection: what it says must go somewhere.
    child.stdout.resume();
    if (local !== undefined) return Number(local);
  }
  throw new Error(`The forwarding process has ended: ${said}`);
}

async function readAll(local: number, each: number): Promise<void> {
  const socket = connect({ port: local, host: "127.0.0.1" });
  socket.write("GET /zeros HTTP/1.0\r\n\r\n");
  let bytes = 0;
  for await (const chunk of socket) bytes += chunk.length;
  // The answer's head comes on top.
  if (bytes < each) throw new Error(`A connection carried ${bytes} bytes of ${each}`);
}
