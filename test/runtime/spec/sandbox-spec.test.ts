import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

import { expect, test } from "vitest";

import { NamespaceMode, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { hostOfTests, type PodConfig, startPod } from "./real-pod.js";

const { CONTAINER, NODE } = NamespaceMode;

async function ns(pid: number | "self", kind: string): Promise<string> {
  return readlink(`/proc/${pid}/ns/${kind}`);
}

async function statusOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, "utf8");
}

test("`sandboxSpec` makes a pause process with its own namespaces, the pod's hostname and nothing to misuse", async () => {
  await using pod = await startPod({ hostname: "demo" });
  for (const kind of ["net", "uts", "ipc", "pid", "mnt"]) {
    expect(await ns(pod.pid, kind), kind).not.toBe(await ns("self", kind));
  }
  const status = await statusOf(pod.pid);
  expect(status).toMatch(/^Uid:\t65535\t/m);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  const { oomScoreAdj, capabilities } = await hostOfTests();
  const least = capabilities.includes("CAP_SYS_RESOURCE") ? -998 : Math.max(-998, oomScoreAdj);
  expect(Number(await readFile(`/proc/${pod.pid}/oom_score_adj`, "utf8"))).toBe(least);
  expect(await readFile(`/proc/${pod.pid}/limits`, "utf8")).toMatch(/^Max open files +1024 /m);
  expect(await readFile(`/proc/${pod.pid}/mounts`, "utf8")).toMatch(/^\S+ \/ \S+ ro[, ]/m);
  const { stdout } = await pod.run({ command: ["hostname"] });
  expect(stdout).toBe("demo\n");
});

test("`sandboxSpec` for a pod on the node's network leaves the node's name alone", async () => {
  const before = hostname();
  await using pod = await startPod({
    hostname: "must-not-be-set",
    linux: { securityContext: { namespaceOptions: { network: NODE, ipc: NODE, pid: NODE } } },
  });
  expect(hostname()).toBe(before);
  for (const kind of ["net", "uts", "ipc", "pid"]) {
    expect(await ns(pod.pid, kind), kind).toBe(await ns("self", kind));
  }
});

test("`sandboxSpec` gives the pause process a PID namespace when the containers have their own", async () => {
  await using pod = await startPod({ linux: { securityContext: { namespaceOptions: { pid: CONTAINER } } } });
  expect(await ns(pod.pid, "pid")).not.toBe(await ns("self", "pid"));
});

test("`sandboxSpec` sets sysctls of the pinned network namespace and of the pod's IPC namespace", async () => {
  const before = await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8");
  await using pod = await startPod({
    linux: { sysctls: { "net.ipv4.ip_unprivileged_port_start": "77", "kernel.shm_rmid_forced": "1" } },
  });
  const { stdout } = await pod.run({
    command: ["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/kernel/shm_rmid_forced"],
  });
  expect(stdout).toBe("77\n1\n");
  expect(await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")).toBe(before);
});

test("`sandboxSpec` runs the pause process under the default seccomp filter", async () => {
  await using pod = await startPod({
    linux: { securityContext: { seccomp: { profileType: SecurityProfile_ProfileType.RuntimeDefault } } },
  });
  expect(await statusOf(pod.pid)).toMatch(/^Seccomp:\t2$/m);
});

test("`sandboxSpec` runs the pause process as the user asked for", async () => {
  await using pod = await startPod({
    linux: {
      securityContext: { runAsUser: { value: 1234n }, runAsGroup: { value: 56n }, supplementalGroups: [7n] },
    },
  });
  const status = await statusOf(pod.pid);
  expect(status).toMatch(/^Uid:\t1234\t1234\t/m);
  expect(status).toMatch(/^Gid:\t56\t56\t/m);
  expect(status).toMatch(/^Groups:\t7 $/m);
});

const refused: { what: string; config: PodConfig; field: string }[] = [
  {
    what: "a network sysctl on the node's network",
    config: {
      linux: {
        sysctls: { "net.ipv4.ip_forward": "1" },
        securityContext: { namespaceOptions: { network: NODE } },
      },
    },
    field: "config.linux.sysctls",
  },
  {
    what: "a shared memory sysctl in the node's IPC namespace",
    config: {
      linux: { sysctls: { "kernel.shmmax": "1" }, securityContext: { namespaceOptions: { ipc: NODE } } },
    },
    field: "config.linux.sysctls",
  },
  {
    what: "a sysctl of the whole node",
    config: { linux: { sysctls: { "vm.swappiness": "1" } } },
    field: "config.linux.sysctls",
  },
  {
    what: "a sysctl that climbs out of the network's directory",
    config: { linux: { sysctls: { "net/../kernel/core_pattern": "|/x" } } },
    field: "config.linux.sysctls",
  },
  {
    what: "the PID mode TARGET",
    config: { linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.TARGET } } } },
    field: "config.linux.security_context.namespace_options.pid",
  },
  {
    what: "a network for each container",
    config: { linux: { securityContext: { namespaceOptions: { network: CONTAINER } } } },
    field: "config.linux.security_context.namespace_options.network",
  },
  {
    what: "a group without a user",
    config: { linux: { securityContext: { runAsGroup: { value: 7n } } } },
    field: "config.linux.security_context.run_as_group",
  },
  {
    what: "a hostname that Linux cannot hold",
    config: { hostname: "h".repeat(65) },
    field: "config.hostname",
  },
];

test.each(refused)("`sandboxSpec` refuses $what and names $field", async ({ config, field }) => {
  await expect(startPod(config)).rejects.toMatchObject({
    code: "invalid_argument",
    field,
    message: expect.stringContaining(field),
  });
});
