import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Rollback } from "../../src/async/rollback.js";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { claimNetwork } from "../../src/testing/network-claim.js";
import { serveRegistry } from "../../src/testing/registry.js";
import { temporaryDirectory } from "../../src/testing/temporary-directory.js";
import { openConnection } from "../../src/transport/connection.js";
import { parseEndpoint } from "../../src/transport/endpoint.js";
import { writeContainerdConfig } from "./containerd-config.js";
import { until } from "./until.js";

const run = promisify(execFile);
const debianPrograms = fileURLToPath(
  new URL("../../.cache/test-programs/containerd/usr/bin", import.meta.url),
);
const pauseName = "crikit/pause:1";

export interface Containerd extends AsyncDisposable {
  readonly endpoint: string;
  readonly directory: string;
  readonly network: { readonly bridge: string; readonly subnet: string };
  log(): Promise<string>;
}

/**
 * A private containerd, by its own programs: those unpacked from its Debian package unless told. It runs as the child of an init in mount and PID
 * namespaces of its own, with its own /run and /var/lib: containerd 1.6 keeps its shims' sockets under
 * /run/containerd and CNI its results under /var/lib/cni whatever is configured. So nothing lies outside the
 * temporary directory, and when the test process dies, all its processes and mounts die with it.
 */
export async function startContainerd(programs = debianPrograms): Promise<Containerd> {
  if (!existsSync(join(programs, "containerd"))) {
    throw new Error("containerd is not unpacked: run `node scripts/test-programs.mjs`");
  }
  const rollback = new Rollback();
  try {
    return await start(programs, rollback);
  } catch (error) {
    await rollback.run();
    throw error;
  }
}

async function start(programs: string, rollback: Rollback): Promise<Containerd> {
  const directory = join(temporaryDirectory(), `crikit-${randomBytes(4).toString("hex")}`);
  const claim = await claimNetwork(directory);
  rollback.add("give the network back", () => claim.release());
  rollback.add("remove the bridge", () => removeBridge(claim.bridge));
  await mkdir(directory, { mode: 0o700 });
  rollback.add("remove the directory", () => rm(directory, { recursive: true, force: true }));
  const pause = { "/pause": { from: "/usr/bin/catatonit" } };
  const registry = await serveRegistry([
    { ref: pauseName, files: pause, defaults: { entrypoint: ["/pause", "-P"] } },
  ]);
  rollback.add("close the registry", () => registry.close());
  await writeContainerdConfig(claim, registry.ref(pauseName));
  const child = await launch(programs, directory);
  rollback.add("end containerd", () => end(child));
  const endpoint = `unix://${join(directory, "containerd.sock")}`;
  const log = () => readFile(join(directory, "log"), "utf8");
  await waitUntilReady(endpoint, child, log);
  rollback.add("remove the cgroups' parent", removeCgroupParent);
  rollback.add("remove the pods", () => removePods(endpoint));
  return {
    endpoint,
    directory,
    network: { bridge: claim.bridge, subnet: claim.subnet },
    log,
    [Symbol.asyncDispose]: () => undoAll(rollback),
  };
}

async function undoAll(rollback: Rollback): Promise<void> {
  const failures = await rollback.run();
  if (failures.length > 0)
    throw new AggregateError(
      failures.map(({ error }) => error),
      "containerd left something",
    );
}

async function removeBridge(name: string): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await run("ip", ["link", "delete", name]);
}

async function launch(programs: string, directory: string): Promise<ChildProcess> {
  const script = `
    mount --bind "$1/run" /run && mount --bind "$1/var-lib" /var/lib || exit 1
    exec catatonit -- containerd --config "$1/config.toml"
  `;
  const isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
  const log = await open(join(directory, "log"), "a");
  try {
    return spawn("setpriv", ["--pdeathsig", "KILL", ...isolated, "sh", "-c", script, "sh", directory], {
      stdio: ["ignore", log.fd, log.fd],
      env: { ...process.env, PATH: [programs, process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter) },
    });
  } finally {
    await log.close();
  }
}

async function waitUntilReady(endpoint: string, child: ChildProcess, log: () => Promise<string>) {
  const connection = openConnection(parseEndpoint(endpoint));
  const client = createRuntimeClient(connection);
  try {
    await until("containerd is ready", async () => {
      if (child.exitCode !== null) throw new Error(`containerd has ended:\n${await log()}`);
      const answer = await client.status({}, { timeoutMs: 1000 }).catch(() => undefined);
      // There may be others that do not hold, such as that nothing in its configuration is deprecated.
      const held = (answer?.status?.conditions ?? []).filter(({ status }) => status).map(({ type }) => type);
      return held.includes("RuntimeReady") && held.includes("NetworkReady");
    });
  } finally {
    connection.close();
  }
}

async function removePods(endpoint: string): Promise<void> {
  const connection = openConnection(parseEndpoint(endpoint));
  const client = createRuntimeClient(connection);
  try {
    const { items } = await client.listPodSandbox({});
    for (const { id } of items) {
      await client.stopPodSandbox({ podSandboxId: id });
      await client.removePodSandbox({ podSandboxId: id });
    }
  } finally {
    connection.close();
  }
}

// containerd puts pods without a cgroup parent under /k8s.io and leaves that behind. Another runtime's pods
// in it keep it.
async function removeCgroupParent(): Promise<void> {
  const hierarchies = (await readdir("/sys/fs/cgroup")).map((name) => `/sys/fs/cgroup/${name}/k8s.io`);
  for (const path of [...hierarchies, "/sys/fs/cgroup/k8s.io"]) await rmdir(path).catch(() => undefined);
}

// unshare takes no other signal while it waits. The kernel then kills its child, the init of the PID
// namespace, and everything in that with it.
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const inits = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")).trim().split(" ");
  child.kill("SIGKILL");
  await until("containerd is gone", () => inits.every((pid) => !existsSync(`/proc/${pid}`)));
}
