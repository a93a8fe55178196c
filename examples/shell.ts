/**
 * A shell in a container, as on a terminal of one's own: each key goes to it as it is typed, Ctrl-C too, it knows
 * the size of the window, and its exit code becomes that of this program. Without a terminal it takes its input
 * from a pipe and keeps stdout and stderr apart.
 *
 *   npx tsx examples/shell.ts CONTAINER
 *   npx tsx examples/shell.ts CONTAINER -- sh -c 'echo hello; exit 3'
 *
 * CONTAINER is the name of one that runs, or the beginning of its ID.
 */
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { type CriClient, connect, type ListedContainer } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [name, ...command] = positionals;
  if (!name) throw new Error("Usage: shell CONTAINER [-- COMMAND...]");
  await using cri = await connect(undefined, { signal });
  const container = await findContainer(cri, name);
  return await runSession(container, command.length > 0 ? command : ["sh"]);
}

async function runSession(container: ListedContainer, command: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const tty = stdin.isTTY && stdout.isTTY;
  const size = tty ? { columns: stdout.columns, rows: stdout.rows } : undefined;
  await using session = await container.spawn(command, { stdin: true, tty, size, signal });
  const resize = () => session.resize({ columns: stdout.columns, rows: stdout.rows });
  try {
    if (tty) {
      stdin.setRawMode(true); // no echo and no Ctrl-C of this side
      stdout.on("resize", resize);
    }
    session.stdin.on("error", () => {}); // typed after its end
    stdin.pipe(session.stdin);
    const [{ exitCode }] = await Promise.all([
      session.exited,
      pipeline(session.stdout, stdout, { end: false }),
      pipeline(session.stderr, stderr, { end: false }),
    ]);
    return exitCode;
  } finally {
    stdout.off("resize", resize);
    stdin.unpipe();
    stdin.pause();
    if (tty) stdin.setRawMode(false);
  }
}

async function findContainer(cri: CriClient, text: string): Promise<ListedContainer> {
  const running = await cri.containers.list({ state: "running" }, { signal });
  const found = running.filter(({ id, listed }) => listed.metadata.name === text || id.startsWith(text));
  const [container] = found;
  if (container && found.length === 1) return container;
  throw new Error(
    `${found.length || "No"} running containers are named ${text} or have an ID that begins so`,
  );
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(signal.aborted ? "Interrupted" : error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
