import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { archiveLayer, image, layer, push } from "../image/support/images.js";
import { type Registry, startRegistry } from "../image/support/registry.js";
import { containerConfig, createContainer, runPod, startContainer } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { tarOf } from "./support/tar-of.js";

let test: TestRuntime;
let registry: Registry;
let pod: string;
let reference: string;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
  const base = await layer((await busyboxImage()).files);
  const content = archiveLayer(
    await tarOf(`mkdir -p data/inner && cd data && echo seed > inner/seed && ln inner/seed hard && ln -s inner soft
      ln -s /data ../by-link
      chown -R 7:8 . && chmod 2770 . && chmod 640 inner/seed`),
    "gzip",
  );
  const volumes = { "/data": {}, "relative/new": {}, "/etc/hosts": {}, "/dev/shm": {}, "/proc": {}, "/": {} };
  reference = await push(
    registry.host,
    "volumes/a:1",
    image([base, content], { config: { Volumes: volumes } }),
  );
  await test.images.pullImage({ image: { image: reference } });
  const file = image([base], { config: { Volumes: { "/bin/busybox": {} } } });
  await test.images.pullImage({ image: { image: await push(registry.host, "volumes/file:1", file) } });
  const link = image([base, content], { config: { Volumes: { "/by-link/inner": {} } } });
  await test.images.pullImage({ image: { image: await push(registry.host, "volumes/link:1", link) } });
  pod = await runPod(test);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

const config = (more: Parameters<typeof containerConfig>[1] = {}) =>
  containerConfig(["sleep", "1000"], { image: { image: reference }, ...more });

async function run(containerId: string, script: string): Promise<string> {
  const { stdout, stderr } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script] });
  return Buffer.concat([stdout, stderr]).toString();
}

describe("a volume that the image declares", () => {
  it("is a directory of the container's own, with the image's content, owners, modes and links", async () => {
    const id = await startContainer(test, pod, config());
    expect(await run(id, "grep -c ' /data ' /proc/self/mountinfo")).toBe("1\n");
    expect(await run(id, "stat -c '%u:%g %a' /data /data/inner/seed; readlink /data/soft")).toBe(
      "7:8 2770\n7:8 640\ninner\n",
    );
    expect(await run(id, "[ /data/hard -ef /data/inner/seed ] && cat /data/soft/seed")).toBe("seed\n");
    expect(await run(id, "stat -c '%u:%g %a' /relative/new; ls -A /relative/new")).toBe("0:0 755\n");
    const other = await startContainer(test, pod, config());
    await run(id, "echo changed > /data/inner/seed");
    expect(await run(other, "cat /data/inner/seed")).toBe("seed\n");
  });

  it("can be written where the root file system cannot", async () => {
    const linux = { securityContext: { readonlyRootfs: true } };
    const id = await startContainer(test, pod, config({ linux }));
    expect(await run(id, "touch /x || touch /data/x /relative/new/x && ls -A /relative/new")).toMatch(
      /^x\n.*Read-only/,
    );
  });

  it("gives way to what the request and the pod mount there, and to the kernel's file systems", async () => {
    const mounts = [{ containerPath: "/data/", hostPath: join(test.directory, "theirs") }];
    const id = await startContainer(test, pod, config({ mounts }));
    expect(
      await run(
        id,
        "ls -A /data; [ -f /etc/hosts ] && [ -d /proc/1 ] && grep -c '/dev/shm .* tmpfs' /proc/self/mountinfo",
      ),
    ).toBe("1\n");
  });

  it("is found where a link of the image leads", async () => {
    const linked = { image: { image: `${registry.host}/volumes/link:1` } };
    const id = await startContainer(test, pod, config(linked));
    expect(await run(id, "cat /data/inner/seed; grep -c ' /data/inner ' /proc/self/mountinfo")).toBe(
      "seed\n1\n",
    );
  });

  it("is refused where the image has a file", async () => {
    const refused = createContainer(
      test,
      pod,
      config({ image: { image: `${registry.host}/volumes/file:1` } }),
    );
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow("declares the volume /bin/busybox");
  });

  it("stays with its container over a restart of the daemon, and goes with it", async () => {
    const created = await createContainer(test, pod, config());
    const running = await startContainer(test, pod, config());
    await run(running, "echo kept > /data/kept");
    await test.restart();
    expect(await run(running, "cat /data/kept")).toBe("kept\n");
    await test.runtime.startContainer({ containerId: created });
    expect(await run(created, "cat /data/inner/seed")).toBe("seed\n");
    for (const containerId of [running, created]) await test.runtime.removeContainer({ containerId });
    const left = await readdir(join(test.directory, "root/containers"));
    expect(left).not.toContain(running);
  });
});
