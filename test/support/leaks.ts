import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ownNamespace } from "../../src/testing/owner.js";

const run = promisify(execFile);

/** What tells one runtime's things from those of others that run at the same time. */
export interface Traces {
  readonly directory: string;
  readonly network: { readonly bridge: string; readonly subnet: string };
  /** IDs of pods and containers, which cgroups bear in their names. */
  readonly ids?: readonly string[] | undefined;
}

/**
 * What is left of a private runtime on this machine, a line each: directories, mounts, processes, network
 * interfaces, iptables rules, cgroups. Several runtimes may run at the same time, so only what bears the
 * runtime's own names is looked for.
 */
export async function findLeaks({ directory, network, ids = [] }: Traces): Promise<string[]> {
  const found = await Promise.all([
    existsSync(directory) ? [`directory ${directory}`] : [],
    mounts(directory),
    processes(directory),
    networkTraces(network),
    cgroups(ids),
  ]);
  return found.flat();
}

// A network that was given back may have a new owner at once, in another test's process.
async function networkTraces(network: Traces["network"]): Promise<string[]> {
  const found = [...(await interfaces(network)), ...(await firewallRules(network))];
  const index = network.bridge.replace(/^\D+/, "");
  const claims = join("/run/crikit-networks", await ownNamespace("net"));
  return existsSync(join(claims, index)) ? [] : found;
}

async function mounts(directory: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter((line) => line.includes(directory)).map((line) => `mount ${line}`);
}

async function processes(directory: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => processTrace(pid, directory)));
  return found.filter((line) => line !== undefined);
}

// A container's process shows the directory in its mounts alone, a daemon or monitor in its arguments.
async function processTrace(pid: string, directory: string): Promise<string | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const command = (await read("cmdline")).replaceAll("\0", " ").trim();
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  const isOurs = [command, cwd, await read("mountinfo")].some((text) => text.includes(directory));
  return isOurs && command !== "" ? `process ${pid}: ${command}` : undefined;
}

async function interfaces({ bridge, subnet }: Traces["network"]): Promise<string[]> {
  const prefix = subnet.slice(0, subnet.lastIndexOf(".") + 1);
  const { stdout } = await run("ip", ["-o", "address", "show"]);
  const bridges = existsSync(`/sys/class/net/${bridge}`) ? [`interface ${bridge}`] : [];
  const addresses = stdout.split("\n").filter((line) => line.includes(` ${prefix}`));
  return [...bridges, ...addresses.map((line) => `address ${line}`)];
}

async function firewallRules({ bridge, subnet }: Traces["network"]): Promise<string[]> {
  const prefix = subnet.slice(0, subnet.lastIndexOf(".") + 1);
  const { stdout } = await run("iptables-save", []);
  // The name of a bridge may be the beginning of another's.
  const named = new RegExp(`${bridge}\\b`);
  const ours = stdout.split("\n").filter((line) => line.includes(prefix) || named.test(line));
  return ours.map((line) => `iptables ${line}`);
}

async function cgroups(ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const directories = await subdirectories("/sys/fs/cgroup", 5);
  return directories.filter((path) => ids.some((id) => path.includes(id))).map((path) => `cgroup ${path}`);
}

async function subdirectories(path: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const own = entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  const below = await Promise.all(own.map((directory) => subdirectories(directory, depth - 1)));
  return [...own, ...below.flat()];
}
