import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Claimed } from "../../src/testing/network-claim.js";
import { findLeaks, type Traces } from "./leaks.js";

const script = fileURLToPath(new URL("own-runtimes.mjs", import.meta.url));

/** A runtime as the process that owns it tells of it. */
export type Owned = Traces & { readonly ips: readonly string[]; readonly pid: number };

/** A process that owns private runtimes. */
export interface OwnerProcess {
  readonly child: ChildProcess;
  /** Resolves when every runtime has a running container. */
  readonly owned: Promise<Owned[]>;
  /** Has it dispose of them; resolves to its exit code. */
  end(): Promise<number | null>;
  /** Kills it, by default alone; its runtimes are left. */
  kill(what?: "process" | "group"): Promise<void>;
}

export function spawnOwner(
  options: { count?: number; exit?: boolean; importFrom?: string; logDirectory: string },
  env: NodeJS.ProcessEnv = process.env,
): OwnerProcess {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
    env,
  });
  const exited = once(child, "exit");
  const owned = firstLine(child).then((line) => JSON.parse(line));
  // Who kills it early does not ask.
  owned.catch(() => {});
  return {
    child,
    owned,
    async end() {
      child.stdin?.end();
      const [code] = await exited;
      return code;
    },
    async kill(what = "process") {
      const { pid = 0 } = child;
      process.kill(what === "group" ? -pid : pid, "SIGKILL");
      await exited;
    },
  };
}

/** The claims of runtimes that are in this directory: also those that nobody could tell of. */
export async function claimsBelow(directory: string): Promise<Claimed[]> {
  const top = "/run/crikit-networks";
  const names = await readdir(top, { recursive: true }).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(top, name), "utf8").catch(() => "")));
  return texts.filter((text) => text.includes(directory)).map((text) => JSON.parse(text));
}

/** What is left of runtimes in a temporary directory, of those that were claimed and of others. */
export async function findAllLeaks(directory: string, claimed: readonly Claimed[] = []): Promise<string[]> {
  const unknown = { bridge: "crikit-none", subnet: "240.0.0.0/24" };
  const left = await Promise.all(
    claimed.map(({ bridge, subnet, ...claim }) => findLeaks({ ...claim, network: { bridge, subnet } })),
  );
  const files = (await readdir(directory)).map((name) => `file ${join(directory, name)}`);
  const claims = (await claimsBelow(directory)).map(({ subnet }) => `claim of ${subnet}`);
  const others = await findLeaks({ directory: join(directory, "crikit-"), network: unknown });
  return [...left.flat(), ...files, ...claims, ...others];
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("The child's output is not piped");
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error("The child ended without a word");
}
