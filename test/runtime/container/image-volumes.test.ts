import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { imageSourceAnnotation } from "../../../src/image-source.js";
import { MountPropagation } from "../../../src/proto.js";
import { unmountBelow } from "../../../src/runtime/adapters/mounts.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { found, told } from "../support/facts.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { busybox, pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const data = "crikit.test/data:1";

let test: TestRuntime;
let pod: string;
let dataId: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  dataId = await pullData();
  pod = await runPod(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

/** An image with files, and links that try to lead somewhere. */
async function pullData(): Promise<string> {
  const layout = join(test.directory, `data-${Math.random()}`);
  await writeLayout(layout, {
    "/models/small": "a model",
    "/tool": { content: "#!/bin/sh\necho ran\n", mode: 0o755 },
    "/latest": { link: "/models" },
    "/out": { link: "../../../../etc" },
  });
  const annotations = { [imageSourceAnnotation]: `oci:${layout}` };
  return (await test.images.pullImage({ image: { image: data, annotations } })).imageRef;
}

const volume = { containerPath: "/data", image: { image: data }, readonly: true };
const withMount = (mount: object) => containerConfig(["sleep", "1000"], { mounts: [mount] });

async function run(containerId: string, script: string): Promise<string> {
  const { stdout, stderr } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script] });
  return Buffer.concat([stdout, stderr]).toString();
}

describe("an image volume", () => {
  it("has the image's files, which can be run and not be written", async () => {
    const id = await startContainer(test, pod, withMount(volume));
    expect(await run(id, "cat /data/models/small; /data/tool; stat -c %a /data")).toBe("a modelran\n755\n");
    expect(await run(id, "touch /data/x")).toContain("Read-only file system");
    expect(await run(id, "mount -o remount,rw /data")).not.toBe("");
  });

  it("has the flags that are asked for", async () => {
    const id = await startContainer(test, pod, withMount({ ...volume, mountOptions: ["noexec", "nodev"] }));
    expect(await run(id, "/data/tool")).toContain("Permission denied");
  });

  it("is read-only with all below it when that is asked for", async () => {
    const id = await startContainer(test, pod, withMount({ ...volume, recursiveReadOnly: true }));
    expect(await run(id, "touch /data/x")).toContain("Read-only file system");
  });

  it("can be the same image twice, and the one that the container runs", async () => {
    const mounts = [
      { ...volume, containerPath: "/a" },
      { ...volume, containerPath: "/b", imageSubPath: "models" },
      { ...volume, containerPath: "/c", image: { image: busybox } },
    ];
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"], { mounts }));
    expect(await run(id, "cat /a/models/small /b/small; ls /c/bin/sh")).toBe("a modela model/c/bin/sh\n");
  });

  it("is told by the status, with the ID of the image that is mounted", async () => {
    const id = await createContainer(test, pod, withMount({ ...volume, imageSubPath: "models" }));
    expect((await statusOf(test, id)).mounts).toMatchObject([
      {
        containerPath: "/data",
        hostPath: "",
        image: { image: data, imageRef: dataId },
        imageSubPath: "models",
      },
    ]);
  });

  it("outlives the image's removal, the daemon and a lost mount, and goes with the container", async () => {
    const running = await startContainer(test, pod, withMount(volume));
    const created = await createContainer(test, pod, withMount(volume));
    await test.images.removeImage({ image: { image: data } });
    await test.restart(() =>
      unmountBelow(join(test.directory, "state/containers", created, "image-volumes")),
    );
    expect(await run(running, "cat /data/models/small")).toBe("a model");
    await test.runtime.startContainer({ containerId: created });
    expect(await run(created, "cat /data/models/small")).toBe("a model");
    for (const containerId of [running, created]) await test.runtime.removeContainer({ containerId });
    expect(await found(test)).toEqual(await told(test));
    await pullData();
  });
});

describe("the subPath of an image volume", () => {
  it.each([
    ["models", "small"],
    ["latest", "small"],
    ["./models/", "small"],
  ])("%s is a directory of the image", async (imageSubPath, name) => {
    const id = await startContainer(test, pod, withMount({ ...volume, imageSubPath }));
    expect(await run(id, "ls /data")).toBe(`${name}\n`);
  });

  it.each(["absent", "tool", "models/small/deeper", "out", "out/passwd"])(
    "%s is refused, as the image has no such directory",
    async (imageSubPath) => {
      const refused = createContainer(test, pod, withMount({ ...volume, imageSubPath }));
      await expect(refused).rejects.toMatchObject({ code: "image_volume_mount_failed" });
      await expect(refused).rejects.toThrow(`config.mounts[0].image_sub_path is "${imageSubPath}"`);
    },
  );
});

describe("an image volume that cannot be", () => {
  const { PROPAGATION_BIDIRECTIONAL, PROPAGATION_HOST_TO_CONTAINER } = MountPropagation;
  it.each([
    ["readonly", { readonly: false }],
    ["host_path", { hostPath: "/tmp" }],
    ["propagation", { propagation: PROPAGATION_BIDIRECTIONAL }],
    ["propagation", { propagation: PROPAGATION_HOST_TO_CONTAINER }],
    ["image_sub_path", { imageSubPath: "../models" }],
    ["image_sub_path", { imageSubPath: "/models" }],
    ["image.image", { image: {} }],
    ["image_sub_path", { image: undefined, hostPath: "/tmp", imageSubPath: "models" }],
  ])("is refused by its %s: %o", async (field, change) => {
    const refused = createContainer(test, pod, withMount({ ...volume, ...change }));
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow(`config.mounts[0].${field}`);
  });

  it("is not found when the image is not here, by the name of the field", async () => {
    const refused = createContainer(
      test,
      pod,
      withMount({ ...volume, image: { image: "nowhere.test/no:1" } }),
    );
    await expect(refused).rejects.toMatchObject({ code: "not_found" });
    await expect(refused).rejects.toThrow("config.mounts[0].image.image is nowhere.test/no:1");
  });

  it("leaves nothing mounted, and the name free", async () => {
    const mounted = async () => (await readFile("/proc/self/mountinfo", "utf8")).match(/image-volumes/g);
    const before = await mounted();
    const second = { ...volume, containerPath: "/second", imageSubPath: "absent" };
    const config = containerConfig(["true"], { mounts: [volume, second] });
    await expect(createContainer(test, pod, config)).rejects.toMatchObject({
      code: "image_volume_mount_failed",
    });
    expect(await mounted()).toEqual(before);
    await createContainer(test, pod, { ...config, mounts: [volume] });
  });
});
