import { mkdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MountPropagation, NamespaceMode, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { execProcess } from "../../../src/runtime/spec/exec-process.js";
import { type ContainerConfig, hostOfTests, type RealPod, startPod } from "./real-pod.js";

const { CONTAINER, NODE, TARGET } = NamespaceMode;

let pod: RealPod;
beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => {
  await pod[Symbol.asyncDispose]();
});

async function output(config: ContainerConfig, change?: Parameters<RealPod["run"]>[1]): Promise<string> {
  const { exitCode, stdout, stderr } = await pod.run(config, change);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return stdout.trimEnd();
}

const bytes = (text: string) => new TextEncoder().encode(text);

function sh(script: string, rest: ContainerConfig = {}): ContainerConfig {
  return { command: ["sh", "-c", script], ...rest };
}

test("`containerSpec` runs as the user and groups it is given", async () => {
  const user = { uid: 1000, gid: 1001, additionalGids: [1001, 2000] };
  expect(await output({ command: ["id"] }, { user })).toBe("uid=1000 gid=1001 groups=1001,2000");
});

test("`containerSpec` gives the environment in order of precedence, and the working directory, which is made", async () => {
  const image = {
    env: ["FROM=image", "BOTH=image", "BARE"],
    entrypoint: [],
    cmd: [],
    workingDir: "from/image",
  };
  const config = sh("env; pwd", { envs: [{ key: "BOTH", value: bytes("request = ä") }] });
  const lines = (await output(config, { image })).split("\n");
  expect(lines).toContain("FROM=image");
  expect(lines).toContain("BOTH=request = ä");
  expect(lines).toContain("HOSTNAME=of-the-pod");
  expect(lines).toContain("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  expect(lines.filter((line) => line.startsWith("TERM="))).toEqual([]);
  expect(lines.at(-1)).toBe("/from/image");
});

test("`containerSpec` sets the open files limit, whatever Node's own is", async () => {
  const { maxOpenFiles } = await hostOfTests();
  expect(await output(sh("ulimit -Sn; ulimit -Hn"))).toBe(`1024\n${Math.min(524_288, maxOpenFiles)}`);
});

const capabilityRows: { what: string; config: ContainerConfig; has: string[]; lacks: string[] }[] = [
  { what: "the default ones", config: {}, has: ["CAP_CHOWN", "CAP_SYS_CHROOT"], lacks: ["CAP_SYS_ADMIN"] },
  {
    what: "one more, by its short name in lower case",
    config: { linux: { securityContext: { capabilities: { addCapabilities: ["net_admin"] } } } },
    has: ["CAP_CHOWN", "CAP_NET_ADMIN"],
    lacks: ["CAP_SYS_ADMIN"],
  },
  {
    what: "all but one",
    config: {
      linux: {
        securityContext: { capabilities: { addCapabilities: ["ALL"], dropCapabilities: ["CAP_CHOWN"] } },
      },
    },
    has: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"],
    lacks: ["CAP_CHOWN"],
  },
  {
    what: "none but one",
    config: {
      linux: { securityContext: { capabilities: { addCapabilities: ["CHOWN"], dropCapabilities: ["ALL"] } } },
    },
    has: ["CAP_CHOWN"],
    lacks: ["CAP_KILL", "CAP_SYS_CHROOT"],
  },
];

/** The numbers of the capabilities that the rows name, in linux/capability.h. */
const bits: Record<string, bigint> = {
  CAP_CHOWN: 0n,
  CAP_KILL: 5n,
  CAP_NET_ADMIN: 12n,
  CAP_SYS_CHROOT: 18n,
  CAP_SYS_ADMIN: 21n,
};

test.each(capabilityRows)(
  "`containerSpec` gives $what of the capabilities",
  async ({ config, has, lacks }) => {
    const status = await output({ command: ["cat", "/proc/self/status"], ...config });
    for (const set of ["CapEff", "CapBnd", "CapPrm"]) {
      const value = BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)`, "m").exec(status)?.[1]}`);
      const holds = (name: string) => ((value >> (bits[name] ?? 63n)) & 1n) === 1n;
      expect(
        has.filter((name) => !holds(name)),
        set,
      ).toEqual([]);
      expect(lacks.filter(holds), set).toEqual([]);
    }
  },
);

test("`containerSpec` gives ambient capabilities to a process that is not root", async () => {
  const config: ContainerConfig = {
    command: ["cat", "/proc/self/status"],
    linux: { securityContext: { capabilities: { addAmbientCapabilities: ["NET_ADMIN"] } } },
  };
  const status = await output(config, { user: { uid: 1000, gid: 1000 } });
  expect(status).toMatch(/^CapEff:\s*0000000000001000$/m);
  expect(status).toMatch(/^CapAmb:\s*0000000000001000$/m);
});

test("`containerSpec` hides and protects parts of /proc and /sys", async () => {
  const script = `busybox wc -c < /proc/keys; echo 1 > /proc/sys/kernel/panic;
    busybox mkdir /sys/fs/cgroup/memory/x /sys/kernel/x; ls /sys/firmware; busybox touch /proc/irq/x`;
  const { stdout, stderr } = await pod.run(sh(script));
  expect(stdout).toBe("0\n");
  expect(stderr).toMatch(/panic: Read-only file system/);
  expect(stderr).toMatch(/memory\/x': Read-only file system/);
  expect(stderr).toMatch(/kernel\/x': Read-only file system/);
  expect(stderr).toMatch(/\/proc\/irq\/x: /);
});

test("`containerSpec` masks and protects what the request lists in place of its own list", async () => {
  await writeFile(join(pod.rootfs, "etc/secret"), "secret");
  const config = sh("cat /etc/secret; echo x > /etc/fixed; cat /proc/keys > /dev/null && echo open", {
    linux: { securityContext: { maskedPaths: ["/etc/secret"], readonlyPaths: ["/etc/fixed"] } },
  });
  await mkdir(join(pod.rootfs, "etc/fixed"), { recursive: true });
  const { stdout } = await pod.run(config);
  expect(stdout).toBe("open\n");
});

test("`containerSpec` mounts the pod's files, shared memory and what the request wants, parents first", async () => {
  const outer = join(pod.directory, "outer");
  const inner = join(pod.directory, "inner");
  await mkdir(join(outer, "deep"), { recursive: true });
  await mkdir(inner);
  await writeFile(join(outer, "name"), "outer");
  await writeFile(join(inner, "name"), "inner");
  const script = `cat /etc/hosts /etc/hostname /etc/resolv.conf; echo shared > /dev/shm/f;
    cat /data/name /data/deep/name; echo x > /data/deep/new || echo fixed; echo x > /data/new && echo free`;
  const config = sh(script, {
    mounts: [
      { containerPath: "/data/deep", hostPath: inner, readonly: true },
      { containerPath: "data/", hostPath: outer },
    ],
  });
  const { stdout } = await pod.run(config);
  expect(stdout).toBe(
    "hosts of the pod\nhostname of the pod\nresolv.conf of the pod\nouterinnerfixed\nfree\n",
  );
  expect(await readFile(join(pod.directory, "shm/f"), "utf8")).toBe("shared\n");
});

test("`containerSpec` lets the request mount its own /etc/hosts, and its own /dev without ours on top", async () => {
  const own = join(pod.directory, "own-hosts");
  await writeFile(own, "own\n");
  const config = sh("cat /etc/hosts; ls /dev/kmsg; mount", {
    mounts: [
      { containerPath: "/etc/hosts", hostPath: own },
      { containerPath: "/dev", hostPath: "/dev" },
    ],
  });
  const text = await output(config);
  expect(text).toMatch(/^own\n\/dev\/kmsg\n/);
  expect(text).not.toMatch(/ on \/dev\/mqueue /);
});

test("`containerSpec` with recursive read-only protects the mounts below as well", async () => {
  const source = join(pod.directory, "nested");
  await mkdir(join(source, "below"), { recursive: true });
  await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(source, "below")]);
  try {
    const mount = { containerPath: "/n", hostPath: source, readonly: true };
    const script = "(echo x > /n/below/x) 2>/dev/null && echo open || echo fixed";
    expect(await output(sh(script, { mounts: [mount] }))).toBe("open");
    expect(await output(sh(script, { mounts: [{ ...mount, recursiveReadOnly: true }] }))).toBe("fixed");
  } finally {
    await runCommand("umount", [join(source, "below")]);
  }
});

test("`containerSpec` passes mounts on in the direction asked for, from a shared source only", async () => {
  await using privileged = await startPod({ linux: { securityContext: { privileged: true } } });
  const source = join(privileged.directory, "source");
  const withPropagation = (propagation: MountPropagation): ContainerConfig => ({
    command: ["sleep", "1000"],
    mounts: [{ containerPath: "/p", hostPath: source, propagation }],
    linux: { securityContext: { privileged: true } },
  });
  await mkdir(source);
  await runCommand("mount", ["-t", "tmpfs", "tmpfs", source]);
  try {
    await runCommand("mount", ["--make-private", source]);
    const both = withPropagation(MountPropagation.PROPAGATION_BIDIRECTIONAL);
    await expect(privileged.run(both)).rejects.toMatchObject({ code: "failed_precondition" });
    await runCommand("mount", ["--make-rshared", source]);
    for (const name of ["host", "container"]) await mkdir(join(source, name));

    const inward = await privileged.start(withPropagation(MountPropagation.PROPAGATION_HOST_TO_CONTAINER));
    const outward = await privileged.start(both);
    const seen = async (container: typeof inward, script: string) =>
      (await container.exec(execProcess(container.spec.process, ["sh", "-c", script], false))).stdout;
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(source, "host")]);
    await writeFile(join(source, "host/seen"), "");
    expect(await seen(inward, "ls /p/host")).toBe("seen\n");
    await seen(outward, "mount -t tmpfs tmpfs /p/container && echo x > /p/container/seen");
    expect(await readFile(join(source, "container/seen"), "utf8")).toBe("x\n");
  } finally {
    await runCommand("umount", ["--recursive", source]);
  }
});

test("`containerSpec` makes a missing host path, and passes on mount options", async () => {
  const missing = join(pod.directory, "missing/directory");
  const config = sh("busybox cp /bin/busybox /data/run && /data/run true", {
    mounts: [{ containerPath: "/data", hostPath: missing, mountOptions: ["noexec", "nosuid"] }],
  });
  const { exitCode, stderr } = await pod.run(config);
  expect(stderr).toMatch(/Permission denied/);
  expect(exitCode).toBe(126);
  expect((await stat(missing)).isDirectory()).toBe(true);
});

test("`containerSpec` with a read-only root leaves /dev and volumes writable", async () => {
  const volume = join(pod.directory, "volume");
  const config = sh(
    "echo x > /x || echo fixed; echo x > /etc/hosts || echo fixed; echo x > /v/x && echo x > /dev/x && echo free",
    {
      mounts: [{ containerPath: "/v", hostPath: volume }],
      linux: { securityContext: { readonlyRootfs: true } },
    },
  );
  expect((await pod.run(config)).stdout).toBe("fixed\nfixed\nfree\n");
});

const seccompRows: { what: string; security: object; mode: string }[] = [
  { what: "no filter unless asked", security: {}, mode: "0" },
  {
    what: "the default filter",
    security: { seccomp: { profileType: SecurityProfile_ProfileType.RuntimeDefault } },
    mode: "2",
  },
  {
    what: "no filter when unconfined",
    security: { seccomp: { profileType: SecurityProfile_ProfileType.Unconfined } },
    mode: "0",
  },
  {
    what: "a filter asked for in the deprecated field",
    security: { seccompProfilePath: "runtime/default" },
    mode: "2",
  },
];

test.each(seccompRows)("`containerSpec` applies $what", async ({ security, mode }) => {
  const config = { command: ["cat", "/proc/self/status"], linux: { securityContext: security } };
  expect(await output(config)).toMatch(new RegExp(`^Seccomp:\\s*${mode}$`, "m"));
});

test("`containerSpec` applies a profile from a file", async () => {
  const file = join(pod.directory, "no-chmod.json");
  const rule = { names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 };
  await writeFile(file, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
  const { stderr } = await pod.run({
    command: ["busybox", "chmod", "700", "/tmp"],
    linux: {
      securityContext: {
        seccomp: { profileType: SecurityProfile_ProfileType.Localhost, localhostRef: file },
      },
    },
  });
  expect(stderr).toMatch(/\/tmp: Operation not permitted/);
});

test("`containerSpec` sets no_new_privs and the OOM score as asked", async () => {
  const config = sh("busybox grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj", {
    linux: { securityContext: { noNewPrivs: true }, resources: { oomScoreAdj: 567n } },
  });
  expect(await output(config)).toBe("NoNewPrivs:\t1\n567");
});

test("`containerSpec` limits memory and processor", async () => {
  const config = sh(
    "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us cpuset/cpuset.cpus",
    {
      linux: {
        resources: {
          memoryLimitInBytes: 67_108_864n,
          cpuShares: 512n,
          cpuQuota: 50_000n,
          cpuPeriod: 100_000n,
          cpusetCpus: "0",
          unified: { "memory.high": "1" },
          hugepageLimits: [{ pageSize: "2MB", limit: 0n }],
        },
      },
    },
  );
  expect(await output(config)).toBe("67108864\n512\n50000\n0");
});

test("`containerSpec` shares processes as the PID mode says", async () => {
  const started = await pod.start({
    command: ["sleep", "1000"],
    linux: { securityContext: { namespaceOptions: { pid: CONTAINER } } },
  });
  expect(await readlink(`/proc/${started.pid}/ns/pid`)).not.toBe(await readlink(`/proc/${pod.pid}/ns/pid`));
  const first = (pid: NamespaceMode, targetPid?: number) =>
    output(
      { command: ["cat", "/proc/1/cmdline"], linux: { securityContext: { namespaceOptions: { pid } } } },
      { targetPid },
    );
  expect(await output({ command: ["cat", "/proc/1/cmdline"] })).toBe("/catatonit\0-P\0");
  expect(await first(CONTAINER)).toBe("cat\0/proc/1/cmdline\0");
  expect(await first(TARGET, started.pid)).toBe("sleep\x001000\0");
  expect(await first(NODE)).toBe((await readFile("/proc/1/cmdline", "utf8")).trimEnd());
});

test("`execProcess` runs a command as the container's own process does", async () => {
  const started = await pod.start(
    {
      command: ["sleep", "1000"],
      workingDir: "/tmp",
      envs: [{ key: "OWN", value: bytes("1") }],
      linux: { securityContext: { noNewPrivs: true, seccomp: {} }, resources: { oomScoreAdj: 321n } },
    },
    { user: { uid: 1000, gid: 1001, additionalGids: [1001, 5] } },
  );
  const script = "id; pwd; echo $OWN; ulimit -Sn; cat /proc/self/oom_score_adj; cat /proc/self/status";
  const { stdout, stderr } = await started.exec(
    execProcess(started.spec.process, ["sh", "-c", script], false),
  );
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^uid=1000 gid=1001 groups=5,1001\n\/tmp\n1\n1024\n321\n/);
  expect(stdout).toMatch(/^NoNewPrivs:\t1$/m);
  expect(stdout).toMatch(/^Seccomp:\t2$/m);
});

test("`containerSpec` gives a device with the permissions asked for, and no other", async () => {
  const script = `true < /dev/mine && echo read; true >> /dev/mine && echo written;
    busybox mknod /tmp/fuse c 10 229 && true < /tmp/fuse && echo more`;
  const { stdout, stderr } = await pod.run({
    ...sh(script),
    devices: [{ containerPath: "/dev/mine", hostPath: "/dev/kmsg", permissions: "r" }],
    linux: { securityContext: { capabilities: { addCapabilities: ["SYSLOG"] } } },
  });
  expect(stdout).toBe("read\n");
  expect(stderr).toMatch(/\/dev\/mine: Operation not permitted/);
  expect(stderr).toMatch(/\/tmp\/fuse: Operation not permitted/);
});

test("`containerSpec` gives a privileged container the host's devices and capabilities, and masks nothing", async () => {
  await using privileged = await startPod({ linux: { securityContext: { privileged: true } } });
  const seccomp = { profileType: SecurityProfile_ProfileType.RuntimeDefault };
  const { stdout, stderr } = await privileged.run({
    // Opens for writing, and writes nothing.
    ...sh("ls /dev/kmsg; true >> /proc/sys/kernel/panic && echo writable; mount; cat /proc/self/status"),
    linux: { securityContext: { privileged: true, seccomp } },
  });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^\/dev\/kmsg\nwritable\n/);
  expect(stdout).toMatch(/ on \/sys type sysfs \(rw,/);
  expect(stdout).not.toMatch(/ on \/proc\/keys /);
  expect(stdout).toMatch(/^Seccomp:\t0$/m);
  const own = /^CapBnd:.*$/m.exec(await readFile("/proc/self/status", "utf8"))?.[0];
  expect(stdout).toContain(own?.replace("CapBnd", "CapEff"));
});

const refused: { what: string; config: ContainerConfig; field: string }[] = [
  { what: "nothing to run", config: { command: [] }, field: "config.command" },
  {
    what: "a privileged container in a pod that is not",
    config: { linux: { securityContext: { privileged: true } } },
    field: "config.linux.security_context.privileged",
  },
  {
    what: "a user namespace",
    config: {
      linux: { securityContext: { namespaceOptions: { usernsOptions: { mode: NamespaceMode.POD } } } },
    },
    field: "config.linux.security_context.namespace_options.userns_options",
  },
  {
    what: "a target that does not run",
    config: { linux: { securityContext: { namespaceOptions: { pid: TARGET, targetId: "gone" } } } },
    field: "config.linux.security_context.namespace_options.target_id",
  },
  {
    what: "a capability that is no name",
    config: { linux: { securityContext: { capabilities: { addCapabilities: ["NET ADMIN"] } } } },
    field: "config.linux.security_context.capabilities",
  },
  {
    what: "a missing seccomp profile",
    config: {
      linux: {
        securityContext: {
          seccomp: { profileType: SecurityProfile_ProfileType.Localhost, localhostRef: "/no/such/profile" },
        },
      },
    },
    field: "config.linux.security_context.seccomp.localhost_ref",
  },
  {
    what: "a device of letters unknown",
    config: { devices: [{ hostPath: "/dev/null", containerPath: "/dev/x", permissions: "rx" }] },
    field: "config.devices[0].permissions",
  },
  {
    what: "a device that is a file",
    config: { devices: [{ hostPath: "/etc/passwd", containerPath: "/dev/x" }] },
    field: "config.devices[0].host_path",
  },
  {
    what: "CDI devices",
    config: { CDIDevices: [{ name: "vendor.com/gpu=0" }] },
    field: "config.CDI_devices",
  },
  {
    what: "a mount over the root",
    config: { mounts: [{ containerPath: "/", hostPath: "/tmp" }] },
    field: "config.mounts[0].container_path",
  },
  {
    what: "recursive read-only without read-only",
    config: { mounts: [{ containerPath: "/a", hostPath: "/tmp", recursiveReadOnly: true }] },
    field: "config.mounts[0].recursive_read_only",
  },
  {
    what: "recursive read-only that is not private",
    config: {
      mounts: [
        {
          containerPath: "/a",
          hostPath: "/tmp",
          readonly: true,
          recursiveReadOnly: true,
          propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
        },
      ],
    },
    field: "config.mounts[0].recursive_read_only",
  },
  {
    what: "an option that changes the kind of the mount",
    config: { mounts: [{ containerPath: "/a", hostPath: "/tmp", mountOptions: ["rshared"] }] },
    field: "config.mounts[0].mount_options",
  },
  {
    what: "an environment variable with an equals sign in its name",
    config: { envs: [{ key: "A=B" }] },
    field: "config.envs[0].key",
  },
  {
    what: "an environment value that is not text",
    config: { envs: [{ key: "A", value: Uint8Array.of(0xff) }] },
    field: "config.envs[0].value",
  },
  {
    what: "an OOM score that does not exist",
    config: { linux: { resources: { oomScoreAdj: 1001n } } },
    field: "config.linux.resources.oom_score_adj",
  },
];

test.each(refused)("`containerSpec` refuses $what and names $field", async ({ config, field }) => {
  await expect(pod.run({ command: ["sh"], ...config })).rejects.toMatchObject({
    code: "invalid_argument",
    field,
    message: expect.stringContaining(field),
  });
});
