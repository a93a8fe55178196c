import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { cgroupParent } from "../../support/traces/names.js";
import type { Served } from "./served.js";

/** Who holds what, each list sorted: once as the runtime tells it, once as it is. */
export interface Holdings {
  /** Whose processes are watched by a monitor. */
  monitors: string[];
  /** Whom the OCI runtime knows. */
  oci: string[];
  /** Who has a control group with processes in it. */
  cgroups: string[];
  /** Who has a directory for records. */
  records: string[];
  /** Who has a directory for what ends with the host. */
  states: string[];
  /** Who has something mounted. */
  mounts: string[];
  /** Who has an address, or had one when its pause process died. */
  addresses: string[];
  /** Whose network is to be undone. */
  attachments: string[];
  /** Whose exit is to be read. */
  exits: string[];
  /** Who has a directory for a monitor's reports. */
  reports: string[];
}

export const nothing: Holdings = {
  monitors: [],
  oci: [],
  cgroups: [],
  records: [],
  states: [],
  mounts: [],
  addresses: [],
  attachments: [],
  exits: [],
  reports: [],
};

const idPattern = /[0-9a-f]{64}/;
const addressPattern = /^\d+(\.\d+){3}$/;

/** What follows from the runtime's answers. */
export async function told({ runtime }: Served): Promise<Holdings> {
  const pods = (await runtime.listPodSandbox({})).items;
  const { containers } = await runtime.listContainers({});
  const ready = pods.filter(({ state }) => state === PodSandboxState.SANDBOX_READY);
  const running = containers.filter(({ state }) => state === ContainerState.CONTAINER_RUNNING);
  const alive = idsOf([...ready, ...running]);
  const all = idsOf([...pods, ...containers]);
  const statuses = await Promise.all(pods.map(({ id }) => runtime.podSandboxStatus({ podSandboxId: id })));
  const attached = statuses.flatMap(({ status }) => (status?.network?.ip ? [status] : []));
  const unstopped = new Set(idsOf([...ready, ...attached]));
  return {
    monitors: alive,
    oci: alive,
    cgroups: alive,
    records: all,
    states: all,
    // A pod has its shared memory until it is stopped, and its containers their file systems.
    mounts: [
      ...new Set([...unstopped, ...idsOf(containers.filter((each) => unstopped.has(each.podSandboxId)))]),
    ].sort(),
    addresses: attached.map(({ network }) => network?.ip ?? "").sort(),
    attachments: idsOf(attached),
    exits: [],
    reports: alive,
  };
}

/** What is found on the machine. */
export async function found({ directory }: Served): Promise<Holdings> {
  const in_ = (path: string) => list(join(directory, path));
  const leases = await list(join(directory, "state/leases"), { recursive: true });
  const mountinfo = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const ownMounts = ["exits", "persist"].map((name) => ` ${join(directory, "state", name)} `);
  const mounted = mountinfo
    .filter((line) => line.includes(directory) && !ownMounts.some((mount) => line.includes(mount)))
    .map((line) => idPattern.exec(line)?.[0] ?? line);
  return {
    ...(await processes(directory)),
    oci: await in_("state/oci/runc"),
    records: [...(await in_("root/sandboxes")), ...(await in_("root/containers"))].sort(),
    states: [...(await in_("state/sandboxes")), ...(await in_("state/containers"))].sort(),
    mounts: [...new Set(mounted)].sort(),
    addresses: leases.map((path) => path.split("/").at(-1) ?? "").filter((name) => addressPattern.test(name)),
    attachments: (await in_("state/cni")).map((name) => name.replace(".json", "")),
    exits: await in_("state/exits"),
    reports: await in_("state/persist"),
  };
}

function idsOf(objects: readonly { id: string }[]): string[] {
  return objects.map(({ id }) => id).sort();
}

async function list(directory: string, options?: { recursive: true }): Promise<string[]> {
  return (await readdir(directory, options).catch(() => [])).sort();
}

/** Our monitors, and the control groups that processes below them are in. */
async function processes(directory: string): Promise<Pick<Holdings, "monitors" | "cgroups">> {
  const parent = cgroupParent(directory);
  const monitors: string[] = [];
  const groups = new Set<string>();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  for (const pid of pids) {
    const command = await read(pid, "cmdline");
    // The first process may be slow to reap those that have ended.
    if (command === "") continue;
    const args = command.split("\0");
    if (args[0]?.endsWith("conmon") && args.some((arg) => arg.includes(directory))) {
      monitors.push(args[args.indexOf("--cid") + 1] ?? "");
    }
    const group = (await read(pid, "cgroup")).split(`/${parent}/`)[1];
    if (group) groups.add(idPattern.exec(group)?.[0] ?? group);
  }
  return { monitors: monitors.sort(), cgroups: [...groups].sort() };
}
