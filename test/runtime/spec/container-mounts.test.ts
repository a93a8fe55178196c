import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { MountPropagation } from "../../../src/proto.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { execProcess } from "../../../src/runtime/spec/exec-process.js";
import { type ContainerConfig, type RealPod, sh, startPod } from "./real-pod.js";

let pod: RealPod;
beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => {
  await pod[Symbol.asyncDispose]();
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
  const text = await pod.output(config);
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
    expect(await pod.output(sh(script, { mounts: [mount] }))).toBe("open");
    expect(await pod.output(sh(script, { mounts: [{ ...mount, recursiveReadOnly: true }] }))).toBe("fixed");
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

test("`containerSpec` passes on mount options", async () => {
  const volume = join(pod.directory, "flagged");
  const config = sh("busybox cp /bin/busybox /data/run && /data/run true", {
    mounts: [{ containerPath: "/data", hostPath: volume, mountOptions: ["noexec", "nosuid"] }],
  });
  const { exitCode, stderr } = await pod.run(config);
  expect(stderr).toMatch(/Permission denied/);
  expect(exitCode).toBe(126);
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
