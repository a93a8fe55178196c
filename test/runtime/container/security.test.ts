import { readFile, readlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { imageSourceAnnotation } from "../../../src/image-source.js";
import {
  type LinuxContainerSecurityContextSchema,
  NamespaceMode,
  SecurityProfile_ProfileType,
  SupplementalGroupsPolicy,
} from "../../../src/proto.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { insides } from "../support/insides.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

type Context = Exclude<MessageInitShape<typeof LinuxContainerSecurityContextSchema>, Message>;

const { CONTAINER, NODE, POD, TARGET } = NamespaceMode;
const { Localhost, RuntimeDefault } = SecurityProfile_ProfileType;

const accounts = {
  "/etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n",
  "/etc/group": "root:x:0:\nmain:x:1001:\naudio:x:29:app\nstaff:x:50:\n",
};

let test: TestRuntime;
let pod: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  for (const user of ["", "app", "1000", "app:staff", "4242:50"]) await pullAs(user);
  pod = await runPod(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

const nameOf = (user: string) => `user-${user.replace(":", "-") || "none"}`;
const imageOf = (user: string) => `crikit.test/${nameOf(user)}:1`;

/** Brings in an image that runs as a user, with that user in its own files. */
async function pullAs(user: string): Promise<void> {
  const { files, defaults } = await busyboxImage();
  const layout = join(test.directory, nameOf(user));
  await writeLayout(layout, { ...files, ...accounts }, { ...defaults, user });
  const annotations = { [imageSourceAnnotation]: `oci:${layout}` };
  await test.images.pullImage({ image: { image: imageOf(user), annotations } });
}

function sleeping(securityContext: Context = {}, more: Parameters<typeof containerConfig>[1] = {}) {
  const namespaceOptions = securityContext.namespaceOptions ?? { pid: CONTAINER };
  const linux = { securityContext: { ...securityContext, namespaceOptions } };
  return containerConfig(["sleep", "60"], { linux, ...more });
}

async function exec(containerId: string, script: string): Promise<string> {
  const { stdout, stderr } = await test.runtime.execSync({
    containerId,
    cmd: ["sh", "-c", script],
    timeout: 20n,
  });
  return Buffer.concat([stdout, stderr]).toString().trim();
}

describe("The user of a container", () => {
  const rows: { what: string; image: string; context?: Context; ids: string }[] = [
    { what: "root, of an image without one", image: "", ids: "0 0 0" },
    { what: "the image's by name", image: "app", ids: "1000 1001 1001,29" },
    { what: "the image's by number", image: "1000", ids: "1000 1001 1001,29" },
    { what: "the image's with a group by name", image: "app:staff", ids: "1000 50 50,29" },
    { what: "the image's with numbers that it does not list", image: "4242:50", ids: "4242 50 50" },
    {
      what: "the request's by number",
      image: "4242:50",
      context: { runAsUser: { value: 1000n } },
      ids: "1000 1001 1001,29",
    },
    { what: "the request's by name", image: "", context: { runAsUsername: "app" }, ids: "1000 1001 1001,29" },
    {
      what: "the request's by a name that is a number",
      image: "app",
      context: { runAsUsername: "77" },
      ids: "77 0 0",
    },
    {
      what: "the request's with a group and further ones",
      image: "",
      context: { runAsUsername: "app", runAsGroup: { value: 5n }, supplementalGroups: [7n] },
      ids: "1000 5 5,29,7",
    },
    {
      what: "the image's with the request's groups only",
      image: "app",
      context: { supplementalGroups: [7n], supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict },
      ids: "1000 1001 1001,7",
    },
  ];

  it.each(rows)(
    "is $what, in the process, in commands and in the status",
    async ({ image, context, ids }) => {
      const id = await startContainer(test, pod, sleeping(context, { image: { image: imageOf(image) } }));
      const { initPid } = await insides(test, "containers", id);
      const [uid, gid, groups] = ids.split(" ");
      const sorted = groups?.split(",").sort((a, b) => Number(a) - Number(b));
      const main = await readFile(`/proc/${initPid}/status`, "utf8");
      expect(main).toMatch(new RegExp(`^Uid:\t${uid}\t${uid}\t${uid}\t${uid}$`, "m"));
      expect(main).toMatch(new RegExp(`^Gid:\t${gid}\t${gid}\t${gid}\t${gid}$`, "m"));
      expect(main).toMatch(new RegExp(`^Groups:\t${sorted?.join(" ")} $`, "m"));
      const own = /^(Uid|Gid|Groups):.*$/gm;
      expect((await exec(id, "cat /proc/self/status")).match(own)).toEqual(main.match(own));
      const { linux } = (await statusOf(test, id)).user ?? {};
      expect(`${linux?.uid} ${linux?.gid} ${linux?.supplementalGroups}`).toBe(ids);
    },
  );

  it("is refused when the image does not have the name", async () => {
    const refused = createContainer(test, pod, sleeping({ runAsUsername: "ghost" }));
    await expect(refused).rejects.toThrow('run_as_username is "ghost"');
    const groupAlone = createContainer(test, pod, sleeping({ runAsGroup: { value: 5n } }));
    await expect(groupAlone).rejects.toThrow("run_as_group is set without");
  });

  it("can be chosen by a policy for groups: the status of the runtime says so", async () => {
    expect((await test.runtime.status({})).features?.supplementalGroupsPolicy).toBe(true);
  });
});

describe("A command in a container", () => {
  it.each([
    [
      "that is confined",
      { noNewPrivs: true, capabilities: { dropCapabilities: ["ALL"], addCapabilities: ["KILL"] } },
    ],
    [
      "of a user with ambient capabilities",
      { runAsUser: { value: 1000n }, capabilities: { addAmbientCapabilities: ["NET_RAW"] } },
    ],
    ["with the default", {}],
  ] satisfies [string, Context][])("has what the main process has, %s", async (_what, context) => {
    const id = await startContainer(test, pod, {
      ...sleeping({ ...context, seccomp: { profileType: RuntimeDefault } }),
      workingDir: "/tmp",
      envs: [{ key: "OWN", value: Buffer.from("1") }],
    });
    const lines = /^(Cap\w+|NoNewPrivs|Seccomp):.*$/gm;
    const { initPid } = await insides(test, "containers", id);
    const main = (await readFile(`/proc/${initPid}/status`, "utf8")).match(lines);
    expect(main).toContain("Seccomp:\t2");
    expect((await exec(id, "cat /proc/self/status")).match(lines)).toEqual(main);
    expect(await exec(id, "pwd; echo $OWN")).toBe("/tmp\n1");
    for (const kind of ["net", "ipc", "uts", "pid", "mnt"]) {
      const inside = await exec(id, `readlink /proc/self/ns/${kind}`);
      expect(inside, kind).toBe(await readlink(`/proc/${initPid}/ns/${kind}`));
    }
  });

  it("has the filter of a file, which is read at creation", async () => {
    const file = join(test.directory, "no-chmod.json");
    const rule = { names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 };
    await writeFile(file, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
    const id = await startContainer(
      test,
      pod,
      sleeping({ seccomp: { profileType: Localhost, localhostRef: file } }),
    );
    expect(await exec(id, "chmod 700 /tmp")).toMatch(/Operation not permitted/);
  });
});

describe("A container", () => {
  it("is refused with a seccomp file that is missing, relative or no profile, each by its name", async () => {
    const ask = (localhostRef: string) =>
      createContainer(test, pod, sleeping({ seccomp: { profileType: Localhost, localhostRef } }));
    await expect(ask("/no/such/file")).rejects.toThrow("names /no/such/file, which does not exist");
    await expect(ask("profiles/x.json")).rejects.toThrow(
      'is "profiles/x.json", and must be an absolute path',
    );
    const file = join(test.directory, "no-profile.json");
    await writeFile(file, "{}");
    await expect(ask(file)).rejects.toThrow(`${file} has no defaultAction`);
  });

  it("may not do with the default filter what its capabilities do not allow, and may with them", async () => {
    const seccomp = { profileType: RuntimeDefault };
    const mount = "mkdir -p /m; mount -t tmpfs tmpfs /m && echo mounted";
    const plain = await startContainer(test, pod, sleeping({ seccomp }));
    expect(await exec(plain, mount)).toMatch(/permission denied|not permitted/i);
    const capabilities = { addCapabilities: ["SYS_ADMIN"] };
    const able = await startContainer(test, pod, sleeping({ seccomp, capabilities }));
    expect(await exec(able, mount)).toBe("mounted");
  });

  it("that is privileged has all devices and capabilities, writable kernel files, and no filter", async () => {
    const linux = { securityContext: { privileged: true } };
    const privileged = await runPod(test, { linux });
    const seccomp = { profileType: RuntimeDefault };
    const id = await startContainer(test, privileged, sleeping({ privileged: true, seccomp }));
    expect(await exec(id, "ls /dev/kmsg /dev/fuse")).toBe("/dev/fuse\n/dev/kmsg");
    const mounts = await exec(id, "mount");
    expect(mounts).toMatch(/ on \/sys type sysfs \(rw,/);
    expect(mounts).toMatch(/ on \/sys\/fs\/cgroup\S* type cgroup2? \(rw,/);
    expect(mounts).not.toMatch(/ on \/proc\/\S+ /);
    const status = await exec(id, "cat /proc/self/status");
    const bounding = /^CapBnd:\t(\w+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1];
    expect(status).toContain(`CapEff:\t${bounding}`);
    expect(status).toContain("Seccomp:\t0");
  });

  it("shares processes, memory and network with who is asked", async () => {
    const target = await startContainer(test, pod, sleeping());
    const own = (await insides(test, "containers", target)).initPid;
    const pause = (await insides(test, "sandboxes", pod)).initPid;
    const space = async (kind: string, namespaceOptions: Context["namespaceOptions"], inPod = pod) => {
      const id = await startContainer(test, inPod, sleeping({ namespaceOptions }));
      return readlink(`/proc/${(await insides(test, "containers", id)).initPid}/ns/${kind}`);
    };
    const of = (pid: number | "self", kind: string) => readlink(`/proc/${pid}/ns/${kind}`);
    expect(await space("pid", { pid: POD })).toBe(await of(pause, "pid"));
    expect(await space("pid", { pid: NODE })).toBe(await of("self", "pid"));
    expect(await space("pid", { pid: TARGET, targetId: target })).toBe(await of(own, "pid"));
    expect([await of(pause, "pid"), await of("self", "pid")]).not.toContain(
      await space("pid", { pid: CONTAINER }),
    );
    expect(await space("net", {})).toBe(await of(pause, "net"));
    expect(await space("ipc", {})).toBe(await of(pause, "ipc"));

    const options = { network: NODE, ipc: NODE, pid: NODE };
    const onHost = await runPod(test, { linux: { securityContext: { namespaceOptions: options } } });
    for (const kind of ["net", "ipc", "pid", "uts"]) {
      expect(await space(kind, options, onHost), kind).toBe(await of("self", kind));
    }
    const id = await startContainer(test, onHost, sleeping({ namespaceOptions: options }));
    expect(await exec(id, "echo $HOSTNAME; cat /etc/hostname")).toBe(`${hostname()}\n${hostname()}`);
  });

  it("of a target that has ended, or is another pod's, is refused", async () => {
    const other = await runPod(test);
    const foreign = await startContainer(test, other, sleeping());
    const ended = await startContainer(test, pod, sleeping());
    await test.runtime.stopContainer({ containerId: ended });
    for (const targetId of [foreign, ended]) {
      const refused = createContainer(test, pod, sleeping({ namespaceOptions: { pid: TARGET, targetId } }));
      await expect(refused).rejects.toThrow("target_id names");
    }
  });

  it("reads the sysctls of its pod, and is refused what would be the node's", async () => {
    const sysctls = {
      "net.ipv4.ip_unprivileged_port_start": "77",
      "kernel.msgmax": "4096",
      "fs.mqueue.msg_max": "9",
    };
    const tuned = await runPod(test, { linux: { sysctls } });
    const id = await startContainer(test, tuned, sleeping());
    const files = Object.keys(sysctls).map((name) => `/proc/sys/${name.replaceAll(".", "/")}`);
    expect(await exec(id, `cat ${files.join(" ")}`)).toBe("77\n4096\n9");
    const refused = runPod(test, { linux: { sysctls: { "vm.swappiness": "1" } } });
    await expect(refused).rejects.toThrow('config.linux.sysctls has "vm.swappiness"');
  });

  it("with a read-only root writes only to /dev and volumes, and a command too", async () => {
    const id = await startContainer(test, pod, sleeping({ readonlyRootfs: true }));
    expect(await exec(id, "echo x > /x")).toMatch(/Read-only file system/);
    expect(await exec(id, "echo x > /dev/shm/x && echo free")).toBe("free");
  });
});
