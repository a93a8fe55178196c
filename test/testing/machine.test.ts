import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../support/start-runtime.mjs", import.meta.url));

interface Outcome {
  endpoint?: string;
  isLeft?: boolean;
  code?: string;
  message?: string;
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What is left of a start in this test's temporary directory, and claims that name it. */
async function leftovers(): Promise<string[]> {
  const files = await readdir(directory, { recursive: true });
  const claims = await readdir("/run/crikit-networks", { recursive: true }).catch(() => []);
  const contents = await Promise.all(
    claims.map((path) => readFile(join("/run/crikit-networks", path), "utf8").catch(() => "")),
  );
  return [
    ...files.filter((name) => name.includes("crikit-")),
    ...contents.filter((text) => text.includes(directory)),
  ];
}

/** Starts a runtime from a process that runs by way of another program. */
async function startBy(program: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, TMPDIR: directory };
  const { stdout } = await run(program, [...args, process.execPath, script], { env });
  return JSON.parse(stdout);
}

/** Starts a runtime where mounts have been changed, which nobody else sees. */
function startAfter(mounts: string): Promise<Outcome> {
  return startBy("unshare", "--mount", "sh", "-ec", `${mounts}\nexec "$@"`, "sh");
}

test("a container without privileges is told which capability it lacks", async () => {
  const drop = ["--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"];
  expect(await startBy("setpriv", ...drop)).toEqual({
    code: "permission_denied",
    message: expect.stringMatching(/needs CAP_SYS_ADMIN: run the container privileged/),
  });
  expect(await leftovers()).toEqual([]);
});

test("root of a user namespace is told that it is not enough", async () => {
  expect(await startBy("unshare", "--user", "--map-root-user", "--mount", "--net")).toEqual({
    code: "permission_denied",
    message: expect.stringMatching(/root of a user namespace is not enough/),
  });
  expect(await leftovers()).toEqual([]);
});

test.each([
  ["no control groups", "umount -R -l /sys/fs/cgroup", /No control groups are mounted/],
  [
    "read-only control groups",
    "for tree in $(findmnt -rno TARGET -t cgroup,cgroup2); do mount -o remount,bind,ro $tree; done",
    /Control groups at \/sys\/fs\/cgroup\S* cannot be written: mount them read-write/,
  ],
  [
    "a kernel without overlayfs",
    `printf '#!/bin/sh\\ncase "$*" in *overlay*) echo "unknown filesystem type overlay" >&2; exit 32;; esac\\nexec ./real-mount "$@"' > $TMPDIR/mount
     chmod +x $TMPDIR/mount; mount --bind $TMPDIR/mount $(command -v mount)`,
    /No overlay can be mounted in \S+ \(mount: unknown filesystem type overlay\): the kernel must have overlayfs/,
  ],
])("a machine with %s is told so", async (_, mounts, message) => {
  expect(await startAfter(mounts)).toMatchObject({ message: expect.stringMatching(message) });
  expect(await leftovers()).toEqual([]);
});

test("all programs that are missing are named in one error, with the packages that bring them", async () => {
  const hidden = ["conmon", "skopeo", "umoci", "catatonit", "runc", "ip", "iptables", "flock"];
  const plugins = "/usr/lib/cni /opt/cni/bin";
  const outcome = await startAfter(`
    for name in ${hidden.join(" ")}; do mount --bind /dev/null $(command -v $name); done
    for directory in ${plugins}; do [ ! -d $directory ] || mount -t tmpfs none $directory; done`);
  const packages = ["conmon", "skopeo", "umoci", "catatonit", "runc", "iproute2", "iptables", "util-linux"];
  for (const name of [...hidden, "bridge", "host-local", "portmap"]) expect(outcome.message).toContain(name);
  for (const name of [...packages, "containernetworking-plugins"]) {
    expect(outcome.message).toMatch(new RegExp(`apt-get install .*\\b${name}\\b`));
  }
  expect(await leftovers()).toEqual([]);
});

test("a temporary directory on an overlay, as in a container, or where nothing may be run, will do", async () => {
  for (const name of ["upper", "lower"]) await mkdir(join(directory, name));
  const onOverlay = `
    mount -t tmpfs none $TMPDIR/upper; mkdir $TMPDIR/upper/u $TMPDIR/upper/w
    mount -t overlay none $TMPDIR -o lowerdir=$TMPDIR/lower,upperdir=$TMPDIR/upper/u,workdir=$TMPDIR/upper/w`;
  for (const mounts of [onOverlay, "mount -t tmpfs -o noexec none $TMPDIR"]) {
    const outcome = await startAfter(mounts);
    expect(outcome).toMatchObject({ endpoint: expect.stringContaining(directory), isLeft: false });
  }
  expect(await leftovers()).toEqual([]);
});

test("a long temporary directory, or one that an overlay's options cannot bear, is not used", async () => {
  for (const name of ["long".repeat(20), "comma,colon:", "with blank"]) {
    const path = join(directory, name);
    await mkdir(path);
    const env = { ...process.env, TMPDIR: path };
    const { stdout } = await run(process.execPath, [script], { env });
    expect(JSON.parse(stdout)).toMatchObject({ endpoint: expect.stringMatching(/^unix:\/\/\/tmp\/crikit-/) });
  }
});

test("a temporary directory that is not there is named", async () => {
  const env = { ...process.env, TMPDIR: "/nowhere" };
  const { stdout } = await run(process.execPath, [script], { env });
  expect(JSON.parse(stdout)).toEqual({
    code: "failed_precondition",
    message: expect.stringMatching(/^Cannot make \/nowhere\/\S+: set TMPDIR/),
  });
});

test("a container of version 2 of control groups makes room for those of its pods", async () => {
  const name = `crikit-ci-${process.pid}`;
  // As a container sees it: its own group is the root, and has processes.
  const outcome = await startAfter(`
    tree=$(findmnt -rno TARGET -t cgroup2 | head -1)
    for controller in $(cat $tree/cgroup.controllers); do echo +$controller > $tree/cgroup.subtree_control; done
    mkdir $tree/${name}
    echo $$ > $tree/${name}/cgroup.procs
    mount --bind $tree/${name} /sys/fs/cgroup
    cleanUp() {
      cp /sys/fs/cgroup/cgroup.subtree_control $TMPDIR/below
      umount /sys/fs/cgroup; echo $$ > $tree/cgroup.procs
      until rmdir $tree/${name}/init $tree/${name} 2>/dev/null; do sleep 0.1; done
    }
    trap cleanUp EXIT
    "$@"; exit`);
  expect(outcome).toMatchObject({ isLeft: false });
  expect((await readFile(join(directory, "below"), "utf8")).trim()).not.toBe("");
});
