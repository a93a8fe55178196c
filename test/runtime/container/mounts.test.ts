import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { imageSourceAnnotation } from "../../../src/image-source.js";
import { MountPropagation } from "../../../src/proto.js";
import { unmountBelow } from "../../../src/runtime/adapters/mounts.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const linked = "crikit.test/linked:1";
const features = { recursiveReadOnlyMounts: false, userNamespaces: false };

let test: TestRuntime;
let pod: string;
let host: string;

beforeAll(async () => {
  const handlers = { runc: { path: "runc", args: [] }, old: { path: "runc", args: [] } };
  test = await startTestRuntime({
    handlers: {
      runc: { ...handlers.runc, features: { ...features, recursiveReadOnlyMounts: true } },
      old: { ...handlers.old, features },
    },
  });
  await pullBusybox(test);
  pod = await runPod(test);
  host = join(test.directory, "host");
  await mkdir(join(host, "directory"), { recursive: true });
  await writeFile(join(host, "directory/name"), "in the directory\n");
  await writeFile(join(host, "file"), "a file\n");
  for (const name of ["directory", "file"]) await symlink(name, join(host, `${name}-link`));
});

afterAll(async () => {
  await unmountBelow(host);
  expect(await test.end()).toEqual([]);
});

const sleeping = (mounts: object[], more: object = {}) =>
  containerConfig(["sleep", "1000"], { mounts, ...more });
const at = (name: string, containerPath = "/m", more: object = {}) => ({
  hostPath: join(host, name),
  containerPath,
  ...more,
});

async function run(containerId: string, script: string): Promise<string> {
  const { stdout, stderr } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script] });
  return Buffer.concat([stdout, stderr]).toString();
}

describe("the host path of a mount", () => {
  it.each([
    ["directory", "cat /m/name", "in the directory\n"],
    ["directory-link", "cat /m/name; echo new > /m/new", "in the directory\n"],
    ["file", "cat /m", "a file\n"],
    ["file-link", "cat /m", "a file\n"],
  ])("can be a %s", async (name, script, said) => {
    const id = await startContainer(test, pod, sleeping([at(name)]));
    expect(await run(id, script)).toBe(said);
    expect((await statusOf(test, id)).mounts[0]?.hostPath).toBe(join(host, name));
  });

  it("can be a socket", async () => {
    const server = createServer((socket) => socket.end("answer\n")).listen(join(host, "socket"));
    await once(server, "listening");
    const id = await startContainer(test, pod, sleeping([at("socket")]));
    expect(await run(id, "[ -S /m ] && echo socket")).toBe("socket\n");
    server.close();
  });

  it("is made, as a directory that all can enter, where there is nothing", async () => {
    const id = await startContainer(test, pod, sleeping([at("absent/deep")]));
    expect(await run(id, "stat -c '%F %a' /m")).toBe("directory 755\n");
    expect((await stat(join(host, "absent/deep"))).isDirectory()).toBe(true);
  });

  it("is not made for a container that is refused for something else", async () => {
    const refused = createContainer(test, pod, sleeping([at("nobody/wants"), at("file", "/")]));
    await expect(refused).rejects.toThrow("config.mounts[1].container_path");
    await expect(stat(join(host, "nobody"))).rejects.toThrow("ENOENT");
  });

  it("is refused by its name where it cannot be made", async () => {
    const refused = createContainer(test, pod, sleeping([at("file/below")]));
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow(join(host, "file/below"));
  });
});

describe("the container path of a mount", () => {
  it("is taken from the root, whatever is before and in it", async () => {
    const mounts = [at("file", "one"), at("file", "/a/../../../two"), at("file", "//three//")];
    const id = await startContainer(test, pod, sleeping(mounts));
    expect(await run(id, "cat /one /two /three")).toBe("a file\na file\na file\n");
  });

  it("follows links of the image inside of it, and never to the host", async () => {
    const { files, defaults } = await busyboxImage();
    const outside = join(host, "outside");
    const layout = join(test.directory, "linked");
    const links = { "/in": { link: "/etc" }, "/out": { link: `../../../../../../../..${outside}` } };
    await writeLayout(layout, { ...files, ...links }, defaults);
    const annotations = { [imageSourceAnnotation]: `oci:${layout}` };
    await test.images.pullImage({ image: { image: linked, annotations } });
    const mounts = [at("file", "/in/m"), at("file", "/out/m")];
    const id = await startContainer(test, pod, sleeping(mounts, { image: { image: linked } }));
    expect(await run(id, `cat /etc/m ${outside}/m`)).toBe("a file\na file\n");
    expect(existsSync(outside)).toBe(false);
  });

  it("lies in another mount whichever comes first, and of two at one place the last is seen", async () => {
    await mkdir(join(host, "directory/inner"), { recursive: true });
    await mkdir(join(host, "over"));
    await writeFile(join(host, "over/name"), "over\n");
    const mounts = [at("over", "/m/inner"), at("directory", "/m"), at("directory", "/x"), at("over", "/x/")];
    const id = await startContainer(test, pod, sleeping(mounts));
    expect(await run(id, "cat /m/name /m/inner/name /x/name")).toBe("in the directory\nover\nover\n");
  });

  it("can be one that the runtime mounts something at", async () => {
    const mounts = [
      at("file", "/etc/hosts"),
      at("directory", "/dev/shm"),
      { containerPath: "/sys", hostPath: "/sys", readonly: true },
      { containerPath: "/proc", hostPath: "/proc" },
    ];
    const id = await startContainer(test, pod, sleeping(mounts));
    expect(await run(id, "cat /etc/hosts /dev/shm/name; [ -d /sys/class/net/ ] && echo sys")).toBe(
      "a file\nin the directory\nsys\n",
    );
    expect(await run(id, `[ -d /proc/${process.pid} ] && echo of the host`)).toBe("of the host\n");
  });
});

describe("the propagation of a mount", () => {
  const { PROPAGATION_BIDIRECTIONAL, PROPAGATION_HOST_TO_CONTAINER } = MountPropagation;
  const inward = { propagation: PROPAGATION_HOST_TO_CONTAINER };
  const outward = { propagation: PROPAGATION_BIDIRECTIONAL };

  async function mountTmpfs(name: string): Promise<string> {
    const path = join(host, name);
    await mkdir(path);
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", path]);
    return path;
  }

  it.each([
    ["HOST_TO_CONTAINER", "shared or slave", inward],
    ["BIDIRECTIONAL", "shared", outward],
  ])("%s from a private source is refused, with what to do", async (asked, needed, propagation) => {
    const path = await mountTmpfs(`private-${asked}`);
    await runCommand("mount", ["--make-private", path]);
    const refused = createContainer(test, pod, sleeping([at(`private-${asked}`, "/m", propagation)]));
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow(
      `config.mounts[0].propagation is ${asked}, and ${path} does not lie on a ${needed} mount: run mount --make-rshared`,
    );
  });

  it("from a slave goes inward, and not outward", async () => {
    const master = await mountTmpfs("master");
    await runCommand("mount", ["--make-shared", master]);
    await mkdir(join(master, "later"));
    const slave = join(host, "slave");
    await mkdir(slave);
    await runCommand("mount", ["--bind", master, slave]);
    await runCommand("mount", ["--make-slave", slave]);
    await expect(createContainer(test, pod, sleeping([at("slave", "/m", outward)]))).rejects.toMatchObject({
      code: "failed_precondition",
    });
    const id = await startContainer(test, pod, sleeping([at("slave", "/m", inward)]));
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(master, "later")]);
    await writeFile(join(master, "later/seen"), "seen");
    expect(await run(id, "cat /m/later/seen")).toBe("seen");
  });

  it("is looked up at the mount that the path lies on, through links", async () => {
    const path = await mountTmpfs("shared");
    await runCommand("mount", ["--make-shared", path]);
    await mkdir(join(path, "deep/later"), { recursive: true });
    await symlink(join(path, "deep"), join(host, "to-shared"));
    const id = await startContainer(test, pod, sleeping([at("to-shared", "/m", inward)]));
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(path, "deep/later")]);
    await writeFile(join(path, "deep/later/seen"), "seen");
    expect(await run(id, "cat /m/later/seen")).toBe("seen");
  });

  it("is private unless told: a later mount is not seen", async () => {
    const path = await mountTmpfs("own");
    await runCommand("mount", ["--make-shared", path]);
    await mkdir(join(path, "later"));
    const id = await startContainer(test, pod, sleeping([at("own")]));
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(path, "later")]);
    await writeFile(join(path, "later/seen"), "seen");
    expect(await run(id, "ls /m/later")).toBe("");
  });
});

describe("a read-only mount", () => {
  it("cannot be written, and with recursion nothing below it either", async () => {
    await mkdir(join(host, "outer/below"), { recursive: true });
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(host, "outer/below")]);
    const fixed = { readonly: true, recursiveReadOnly: true };
    const mounts = [at("outer", "/plain", { readonly: true }), at("outer", "/all", fixed)];
    const id = await startContainer(test, pod, sleeping(mounts));
    const tried = await run(id, "for d in plain plain/below all all/below; do touch /$d/x && echo $d; done");
    expect(tried.split("\n")[0]).toBe("plain/below");
    expect(tried.match(/Read-only file system/g)).toHaveLength(3);
  });

  it("with recursion is refused, by CRI's reason, where the handler cannot do it", async () => {
    const { podSandboxId } = await test.runtime.runPodSandbox({
      config: { metadata: { name: "old", namespace: "default", uid: "old" }, logDirectory: host },
      runtimeHandler: "old",
    });
    const mount = at("directory", "/m", { readonly: true, recursiveReadOnly: true });
    const refused = createContainer(test, podSandboxId, sleeping([mount]));
    await expect(refused).rejects.toMatchObject({ code: "rro_unsupported", reason: "RROUnsupported" });
    await expect(refused).rejects.toThrow("config.mounts[0].recursive_read_only");
    await createContainer(test, podSandboxId, sleeping([at("directory", "/m", { readonly: true })]));
  });

  it("has the flags that are asked for", async () => {
    const mount = at("directory", "/m", { readonly: true, mountOptions: ["noexec", "nosuid", "nodev"] });
    const id = await startContainer(test, pod, sleeping([mount]));
    const line = (await run(id, "grep ' /m ' /proc/self/mountinfo")).split(" ")[5];
    expect(line?.split(",")).toEqual(expect.arrayContaining(["ro", "noexec", "nosuid", "nodev"]));
    expect(await readFile(join(host, "directory/name"), "utf8")).toBe("in the directory\n");
  });
});
