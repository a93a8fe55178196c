import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { NamespaceMode, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { execProcess } from "../../../src/runtime/spec/exec-process.js";
import { type ContainerConfig, hostOfTests, type RealPod, sh, startPod } from "./real-pod.js";

const { CONTAINER, NODE, TARGET } = NamespaceMode;

let pod: RealPod;
beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => {
  await pod[Symbol.asyncDispose]();
});

const bytes = (text: string) => new TextEncoder().encode(text);

test("`containerSpec` runs as the user and groups it is given", async () => {
  const user = { uid: 1000, gid: 1001, additionalGids: [1001, 2000] };
  expect(await pod.output({ command: ["id"] }, { user })).toBe("uid=1000 gid=1001 groups=1001,2000");
});

test("`containerSpec` gives the environment in order of precedence, and the working directory, which is made", async () => {
  const image = {
    env: ["FROM=image", "BOTH=image", "BARE"],
    entrypoint: [],
    cmd: [],
    workingDir: "from/image",
  };
  const config = sh("env; pwd", { envs: [{ key: "BOTH", value: bytes("request = ä") }] });
  const lines = (await pod.output(config, { image })).split("\n");
  expect(lines).toContain("FROM=image");
  expect(lines).toContain("BOTH=request = ä");
  expect(lines).toContain("HOSTNAME=of-the-pod");
  expect(lines).toContain("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  expect(lines.filter((line) => line.startsWith("TERM="))).toEqual([]);
  expect(lines.at(-1)).toBe("/from/image");
});

test("`containerSpec` sets the open files limit, whatever Node's own is", async () => {
  const { maxOpenFiles } = await hostOfTests();
  expect(await pod.output(sh("ulimit -Sn; ulimit -Hn"))).toBe(`1024\n${Math.min(524_288, maxOpenFiles)}`);
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
    const status = await pod.output({ command: ["cat", "/proc/self/status"], ...config });
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
  const status = await pod.output(config, { user: { uid: 1000, gid: 1000 } });
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
  expect(await pod.output(config)).toMatch(new RegExp(`^Seccomp:\\s*${mode}$`, "m"));
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
  expect(await pod.output(config)).toBe("NoNewPrivs:\t1\n567");
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
  expect(await pod.output(config)).toBe("67108864\n512\n50000\n0");
});

test("`containerSpec` shares processes as the PID mode says", async () => {
  const started = await pod.start({
    command: ["sleep", "1000"],
    linux: { securityContext: { namespaceOptions: { pid: CONTAINER } } },
  });
  expect(await readlink(`/proc/${started.pid}/ns/pid`)).not.toBe(await readlink(`/proc/${pod.pid}/ns/pid`));
  const first = (pid: NamespaceMode, targetPid?: number) =>
    pod.output(
      { command: ["cat", "/proc/1/cmdline"], linux: { securityContext: { namespaceOptions: { pid } } } },
      { targetPid },
    );
  expect(await pod.output({ command: ["cat", "/proc/1/cmdline"] })).toBe("/catatonit\0-P\0");
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
  // The hard limit: runc 1.1 sets the soft one while the Go runtime of its own child may be raising it.
  const script = "id; pwd; echo $OWN; ulimit -Hn; cat /proc/self/oom_score_adj; cat /proc/self/status";
  const { stdout, stderr } = await started.exec(
    execProcess(started.spec.process, ["sh", "-c", script], false),
  );
  expect(stderr).toBe("");
  const { maxOpenFiles } = await hostOfTests();
  const [ids, directory, own, openFiles, oomScoreAdj] = stdout.split("\n");
  expect([ids, directory, own, oomScoreAdj]).toEqual(["uid=1000 gid=1001 groups=5,1001", "/tmp", "1", "321"]);
  expect(openFiles).toBe(`${Math.min(524_288, maxOpenFiles)}`);
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
