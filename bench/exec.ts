import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crictlPath } from "../test/left-out.js";
import { crictlFlags } from "../test/support/crictl.js";
import { inContainer } from "./support/bench-container.js";
import { runClient } from "./support/client-process.js";
import { installedProgram } from "./support/installed.js";
import { type BenchOptions, printSize } from "./support/options.js";
import { inBothRuntimes, type Place } from "./support/places.js";
import { compare, type ResultRow, report } from "./support/results.js";
import { measureParts, type TimedContender } from "./support/rounds.js";

const gibibyte = 2 ** 30;
const blockBytes = 2 ** 16;
const source = new URL("exec/client.mjs", import.meta.url);

const text = (rounds: number) =>
  `A command's output or input, carried by a session, to /dev/null or from a file: by a program of a few lines on crikit (\`spawn\`, with Node's \`pipeline\` on each stream) and by \`crictl exec\`. Each is a process of its own and all of it counts: its start, connecting, the session, its end; the rows of a command that does nothing say how much of it is that. Memory is the peak of the client's process. crikit's program reads its input in pieces of 1 MiB: \`process.stdin\` reads a file by 64 KiB, through another thread each time, and V8 takes the buffers that it leaves for growth and marks the heap again and again, so that a client spent more than three times as much on an input. Of an input, 64 MiB end before V8 has first collected what was sent, which it does for every 33 MB or so: that is the tenth that 1 GiB takes more, and 128 MiB take most of it (81.5, 86 and 90 MB). Pieces of 512 or 256 KiB would hide it (86 and 89 to 90 MB), and take longer. The daemon tells V8 not to do so, by a flag with which sessions cost it less than half; a program that streams much may start Node with it too, \`--no-concurrent-array-buffer-sweeping\`. Tried without gain: joining the pieces of one read into one, more than one chunk in a frame, larger high-water marks, handing buffers back by hand. Two things beside the bytes cost crikit's client time. One is its start: of the 125 ms of a command that does nothing Node itself takes 30, the import 22, of which V8 needs 10 to parse the code, connecting 15, opening the session 10, the command 30 and the end of the process 5, where crictl is through in 55. OpenTelemetry, where it is installed, takes 25 more, and NODE_EXTRA_CA_CERTS, where it is set, 40. Made shorter: the upgrade without node:http, https and crypto; code that is loaded while the runtime answers, in one file; of the contract only the messages that are asked for are read. What is left is code that runs once: no part of it takes 3 ms. The other, of an output whose chunks are kept, is that marking: 54 times for 1 GiB, in a heap of 8 MB, and 6 times with the flag. The bytes of an output alone cost the client half of crictl's processor time, in about the same time. What a session sends is read into the same memory again and again while it goes from there, by \`pipe\` or \`pipeline\` and nobody else, to one of Node's own sockets, pipes or files that has written it at once: that saves the client a quarter of its processor time and two fifths of its memory (849 and 653 ms, 95 and 59 MB). A chunk that anybody may still look at stays as it is. New memory in blocks of 256 KiB or 1 MiB, without that, saved 15 % of the processor time and no memory. Of an input V8 collects what was written after every 33 MB, so that a client's memory is at its height from 128 MiB on (86 MB) and not yet there with 64 MiB (81 MB); pieces of 256 KiB in place of 1 MiB make no difference to it. On the bundled runtime, which sends what it reads from runc's pipes, and on a private containerd from Debian. Output on the bundled runtime is even with crictl's within what one run differs from the next: runs of ten rounds and fewer had 0.95 to 1.06. ${rounds} rounds, in which all take turns.`;

type Work = "stdout" | "stdin" | "nothing";

/** Sessions of one great stream. */
export async function exec(options: BenchOptions): Promise<void> {
  const { sizeBytes = gibibyte, rounds = 18 } = options;
  const rows: ResultRow[] = [];
  await inBothRuntimes(async (places) => {
    for (const place of places) rows.push(...(await compareIn(place, rounds, sizeBytes)));
  });
  await report("exec", { title: "Exec", text: text(rounds), rows }, options);
}

async function compareIn(place: Place, rounds: number, sizeBytes: number): Promise<ResultRow[]> {
  return inContainer(place, ["sleep", "10000"], async ({ container: { id }, directory }) => {
    const target = { place, id, directory, rounds, client: await installedProgram(source) };
    const rows: ResultRow[] = [];
    for (const work of ["stdout", "stdin", "nothing"] as const) {
      rows.push(...(await compareWork(target, work, sizeBytes)));
    }
    return rows;
  });
}

interface Target {
  readonly client: string;
  readonly place: Place;
  readonly id: string;
  readonly directory: string;
  readonly rounds: number;
}

async function compareWork(target: Target, work: Work, sizeBytes: number): Promise<ResultRow[]> {
  const { place, rounds } = target;
  const smallBytes = sizeBytes / 16;
  const small = `crikit with ${printSize(smallBytes)}`;
  const contenders: TimedContender[] = [
    { name: "crikit", run: () => crikitExec(target, work, sizeBytes) },
    { name: "crictl exec", run: () => crictlExec(target, work, sizeBytes) },
  ];
  if (work !== "nothing") contenders.push({ name: small, run: () => crikitExec(target, work, smallBytes) });
  const costs = await measureParts(contenders, { rounds });
  const part = (name: string, cost: "ms" | "peak") => costs.get(name)?.[cost] ?? [];
  const what = `${work === "nothing" ? "exec of true" : `exec ${work}, ${printSize(sizeBytes)}`}${place.suffix}`;
  const row = (cost: "ms" | "peak", peer: string, goal: number | null) => {
    const [name, unit] = cost === "ms" ? [what, "ms"] : [`${what}: peak memory`, "MB"];
    return compare({ what: name, peer, unit, goal }, part("crikit", cost), part(peer, cost));
  };
  const rows = [row("ms", "crictl exec", work === "nothing" ? null : 1), row("peak", "crictl exec", null)];
  return work === "nothing" ? rows : [...rows, row("peak", small, 1.1)];
}

async function crikitExec({ client, place, id, directory }: Target, work: Work, sizeBytes: number) {
  const { command, input, check } = await prepare(directory, work, sizeBytes);
  const args = [client, place.endpoint, id, ...command];
  return runClient({ program: process.execPath, args, input }, check);
}

async function crictlExec({ place, id, directory }: Target, work: Work, sizeBytes: number) {
  const { command, input, check } = await prepare(directory, work, sizeBytes);
  const args = crictlFlags(place.endpoint, ["exec", "-i", id, ...command]);
  return runClient({ program: crictlPath, args, input }, check);
}

/** What to run in the container; dd says on stderr how many blocks it has carried. */
async function prepare(directory: string, work: Work, sizeBytes: number) {
  if (work === "nothing") return { command: ["true"], input: undefined, check: undefined };
  const blocks = sizeBytes / blockBytes;
  const check = (said: string) => {
    if (!said.includes(`${blocks}+0 records in`))
      throw new Error(`Not all ${sizeBytes} bytes arrived: ${said}`);
  };
  if (work === "stdout") {
    const command = ["dd", "if=/dev/zero", `bs=${blockBytes}`, `count=${blocks}`];
    return { command, input: undefined, check };
  }
  const input = join(directory, `input-${sizeBytes}`);
  await writeFile(input, "");
  await truncate(input, sizeBytes);
  // In a shell, which keeps its output open: dd closes its own, and containerd then ends the input.
  const command = ["sh", "-c", `dd of=/dev/null bs=${blockBytes} iflag=fullblock; exit`];
  return { command, input, check };
}
