import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { sleep } from "../../../../src/async/abort.js";
import { findGroupTrees } from "../../../../src/runtime/adapters/cgroups/group-trees.js";
import { OciRuntimeError, ociMessage } from "../../../../src/runtime/adapters/oci-error.js";
import { identifyProcess, isAlive, killTree } from "../../../../src/runtime/adapters/process.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { createRunc } from "../../../../src/runtime/adapters/runc/runc.js";
import { until } from "../../../support/until.js";
import { BusyboxHost, processOf } from "../support/busybox.js";
import { findLeftovers } from "../support/leftovers.js";

let host: BusyboxHost;
beforeAll(async () => {
  host = await BusyboxHost.make();
});
afterAll(async () => {
  const { directory, cgroupParent } = host;
  await host[Symbol.asyncDispose]();
  expect([...(await findLeftovers(directory)), ...(await findLeftovers(cgroupParent))]).toEqual([]);
});

describe("Runc", () => {
  test("follows a container from created to running to stopped to gone", async () => {
    const request = await host.prepare(["sleep", "600"]);
    const { id } = request;
    const status = async () => (await host.runc.state(id))?.status;
    const { init } = await host.create(request);
    expect(await status()).toBe("created");
    await host.runc.start(id, init);
    expect(await status()).toBe("running");
    await host.runc.kill(id, "SIGKILL");
    await host.exitOf(request);
    expect(await status()).toBe("stopped");
    await host.runc.kill(id, "SIGTERM");
    await host.runc.delete(id);
    expect(await status()).toBeUndefined();
    await host.runc.delete(id);
    await host.runc.kill(id, "SIGTERM");
  });

  test("takes a container for absent before there was any, and after a half-made one", async () => {
    const root = join(host.directory, "other-root");
    const runc = createRunc({ path: "runc", root });
    expect(await runc.state("none")).toBeUndefined();
    await runc.delete("none", { force: true });
    await mkdir(join(root, "half"), { recursive: true });
    expect(await runc.state("half")).toBeUndefined();
    await runc.delete("half");
    await expect(access(join(root, "half"))).rejects.toThrow("ENOENT");
  });

  test("refuses to delete what runs, unless forced", async () => {
    const { id, init } = await host.run(["sleep", "600"]);
    const refusal = await host.runc.delete(id).catch((error) => error);
    expect(refusal).toBeInstanceOf(OciRuntimeError);
    expect(refusal.message).toMatch(
      /^delete was refused: cannot delete container .* that is not stopped: running$/,
    );
    expect(await isAlive(init)).toBe(true);
    await host.runc.delete(id, { force: true });
    expect(await isAlive(init)).toBe(false);
  });

  test("says what is wrong with a signal that does not exist", async () => {
    const { id } = await host.run(["sleep", "600"]);
    await expect(host.runc.kill(id, "SIGNONSENSE")).rejects.toThrow(/kill was refused: .*SIGNONSENSE/i);
  });

  test("names the package when the OCI runtime is not there", async () => {
    const runc = createRunc({ path: "/nowhere/runc", root: host.runcRoot });
    await expect(runc.start("x", { pid: 1, startTime: "0" })).rejects.toThrow("apt-get install runc");
    await expect(runc.state("x")).rejects.toThrow("apt-get install runc");
  });

  test("changes limits of a running container", async () => {
    const container = await host.run(["sleep", "600"]);
    await host.runc.update(container.id, { pids: { limit: 37 } });
    const groups = await readFile(`/proc/${container.init.pid}/cgroup`, "utf8");
    const path = /^\d+:pids:(.*)$/m.exec(groups)?.[1];
    const file =
      host.cgroups.version === 1
        ? `/sys/fs/cgroup/pids${path}/pids.max`
        : `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}/pids.max`;
    expect(await readFile(file, "utf8")).toBe("37\n");
  });
});

describe("Runc.deleteEnded", () => {
  async function ended() {
    const request = await host.prepare(["true"]);
    await host.runc.start(request.id, (await host.create(request)).init);
    await host.exitOf(request);
    const group = host.cgroups.containerGroup(host.cgroupParent, request.id);
    return { ...request, removeGroup: () => host.cgroups.remove(group) };
  }

  /** Its control groups that are there. */
  async function groupsOf(id: string): Promise<string[]> {
    const { hierarchies } = await findGroupTrees();
    return hierarchies.map((tree) => join(tree, host.cgroupParent, id)).filter(existsSync);
  }

  const knows = async (id: string) => (await readdir(host.runcRoot)).includes(id);

  test("frees what runc holds without a program, and the control group", async () => {
    const { id, bundle, removeGroup } = await ended();
    expect(await groupsOf(id)).not.toEqual([]);
    // It can be called for nothing.
    await createRunc({ path: "/nowhere/runc", root: host.runcRoot }).deleteEnded(id, { bundle, removeGroup });
    expect(await groupsOf(id)).toEqual([]);
    expect(await knows(id)).toBe(false);
    expect(await host.runc.state(id)).toBeUndefined();
    await host.runc.deleteEnded(id, { bundle, removeGroup });
  });

  test.each(["a hook of the end", "a group of systemd's", "a bundle that is gone", "another name"])(
    "is for the program to do with %s",
    async (why) => {
      const { id, bundle, ...rest } = await ended();
      const spec = await host.runc.readBundle(bundle);
      const hooks = { poststop: [{ path: "/bin/true" }] };
      if (why === "a hook of the end") await host.runc.writeBundle(bundle, { ...spec, hooks });
      if (why === "a bundle that is gone") await rm(join(bundle, "config.json"));
      const removeGroup = why === "a group of systemd's" ? undefined : rest.removeGroup;
      const directory = await mkdtemp(join(host.directory, "bin-"));
      const path = join(directory, why === "another name" ? "other" : "runc");
      const called = join(directory, "called");
      await writeFile(path, `#!/bin/sh\necho "$@" > ${called}\nexec /usr/sbin/runc "$@"\n`, { mode: 0o755 });
      await createRunc({ path, root: host.runcRoot }).deleteEnded(id, { bundle, removeGroup });
      expect(await readFile(called, "utf8")).toContain("delete --force");
      expect(await knows(id)).toBe(false);
      expect(await groupsOf(id)).toEqual([]);
    },
  );
});

describe("Runc.start", () => {
  test("lets runc's init go without a program", async () => {
    const request = await host.prepare(["sleep", "600"]);
    const { init } = await host.create(request);
    // It can be called for nothing.
    await createRunc({ path: "/nowhere/runc", root: host.runcRoot }).start(request.id, init);
    // The init closes its files just before it becomes the command.
    await until(
      "the command runs",
      async () => (await readFile(`/proc/${init.pid}/comm`, "utf8")) === "sleep\n",
    );
    expect(await host.runc.state(request.id)).toMatchObject({ status: "running", pid: init.pid });
  });

  test("is through once a command runs that ends at once", async () => {
    const request = await host.prepare(["sh", "-c", "exit 7"]);
    const { init } = await host.create(request);
    await host.runc.start(request.id, init);
    expect(await host.exitOf(request)).toMatchObject({ exitCode: 7 });
    expect(await host.runc.state(request.id)).toMatchObject({ status: "stopped" });
  });

  test("says why when the init has ended before, and when the container runs already", async () => {
    const ended = await host.prepare(["sleep", "600"]);
    const { init } = await host.create(ended);
    process.kill(init.pid, "SIGKILL");
    await host.exitOf(ended);
    await expect(host.runc.start(ended.id, init)).rejects.toThrow(
      "start was refused: cannot start a container that has stopped",
    );
    const running = await host.run(["sleep", "600"]);
    await expect(host.runc.start(running.id, running.init)).rejects.toThrow(
      "start was refused: cannot start an already running container",
    );
  });

  test("waits for an init that is held up", async () => {
    const request = await host.prepare(["sleep", "600"]);
    const { init } = await host.create(request);
    process.kill(init.pid, "SIGSTOP");
    const started = host.runc.start(request.id, init);
    await sleep(50);
    expect(await host.runc.state(request.id)).toMatchObject({ status: "created" });
    process.kill(init.pid, "SIGCONT");
    await started;
    expect(await host.runc.state(request.id)).toMatchObject({ status: "running" });
  });

  test.each(["runc", "crun"])(
    "is for the program to do where %s keeps such a fifo and no state.json",
    async (name) => {
      const root = join(host.directory, `other-${name}`);
      await mkdir(join(root, "x"), { recursive: true });
      await runCommand("mkfifo", [join(root, "x/exec.fifo")]);
      await writeFile(join(root, "x/status"), "{}");
      const runc = createRunc({ path: `/nowhere/${name}`, root });
      await expect(runc.start("x", { pid: process.pid, startTime: "0" })).rejects.toThrow(
        `${name}: not found`,
      );
    },
  );
});

describe("Runc.exec", () => {
  test("gives stdin, both outputs and the exit code of a process in the container", async () => {
    const { id } = await host.run(["sleep", "600"]);
    const { child } = await exec(id, ["sh", "-c", "cat; echo told >&2; exit 9"]);
    child.stdin?.end("over the pipe");
    expect(await outcome(child)).toEqual({ stdout: "over the pipe", stderr: "told\n", exitCode: 9 });
  });

  test("ends with 128 and the signal's number", async () => {
    const { id } = await host.run(["sleep", "600"]);
    const { child } = await exec(id, ["sh", "-c", "kill -9 $$"]);
    expect((await outcome(child)).exitCode).toBe(137);
  });

  test("leaves no pid file and the reason on stderr when the command does not exist", async () => {
    const { id } = await host.run(["sleep", "600"]);
    const { child, pidFile } = await exec(id, ["nope"]);
    const { exitCode, stderr } = await outcome(child);
    expect(exitCode).not.toBe(0);
    expect(ociMessage(stderr)).toContain('exec: "nope": executable file not found in $PATH');
    await expect(access(pidFile)).rejects.toThrow("ENOENT");
  });

  test("can be killed with all that the process has started", async () => {
    const { id } = await host.run(["sleep", "600"]);
    const { child, pidFile } = await exec(id, ["sh", "-c", "sh -c 'sleep 601; true' & echo started; wait"]);
    if (!child.stdout || child.pid === undefined) throw new Error("exec has no output");
    await once(child.stdout, "data");
    // runc writes it a moment after the start.
    await expect.poll(() => readFile(pidFile, "utf8").catch(() => "")).not.toBe("");
    const inside = await identifyProcess(Number(await readFile(pidFile, "utf8")));
    const children = await readFile(`/proc/${inside?.pid}/task/${inside?.pid}/children`, "utf8");
    const grandchild = await identifyProcess(Number(children.trim().split(" ")[0]));
    await killTree(child.pid);
    expect(inside && (await isAlive(inside))).toBe(false);
    expect(grandchild && (await isAlive(grandchild))).toBe(false);
    expect(await host.runc.state(id)).toMatchObject({ status: "running" });
  });

  test("rejects when the OCI runtime is not there", async () => {
    const scratch = await mkdtemp(join(host.directory, "exec-"));
    const runc = createRunc({ path: "/nowhere/runc", root: host.runcRoot });
    const files = { processFile: join(scratch, "process.json"), pidFile: join(scratch, "pid") };
    await expect(runc.exec("x", processOf(["true"]), files)).rejects.toThrow("ENOENT");
  });
});

describe("ociMessage", () => {
  test.each([
    ['time="now" level=warning msg="a"\ntime="now" level=error msg="say \\"b\\""', 'say "b"'],
    ['{"level":"error","msg":"in \\"JSON\\"","time":"now"}', 'in "JSON"'],
    ['time="now" level=error msg=EOF', "EOF"],
    ["plain words", "plain words"],
    ["", "no reason given"],
  ])("finds the error in %j", (output, message) => {
    expect(ociMessage(output)).toBe(message);
  });
});

async function exec(id: string, args: string[]): Promise<{ child: ChildProcess; pidFile: string }> {
  const scratch = await mkdtemp(join(host.directory, "exec-"));
  const pidFile = join(scratch, "pid");
  const child = await host.runc.exec(id, processOf(args), {
    processFile: join(scratch, "process.json"),
    pidFile,
  });
  return { child, pidFile };
}

async function outcome(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error("exec has no output");
  const [stdout, stderr, [exitCode]] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
    once(child, "exit"),
  ]);
  return { stdout: stdout.join(""), stderr: stderr.join(""), exitCode };
}
