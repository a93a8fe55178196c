import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createRuntime } from "../../../src/runtime/index.js";
import { createLogger } from "../../../src/runtime/log.js";
import { leftOut } from "../../left-out.js";
import { containerConfig, createContainer, podConfig, runPod } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

it.skipIf(leftOut.selinux)(
  "`selinux: label` is refused at start where the kernel has no SELinux",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "crikit-"));
    const [listen, root, state] = ["s", "r", "t"].map((name) => join(directory, name));
    const runtime = createRuntime(
      { listen, root, state, selinux: "label" } as Parameters<typeof createRuntime>[0],
      {
        log: createLogger("error", () => {}),
      },
    );
    await expect(runtime.listen()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("the kernel has no SELinux: leave the key out"),
    });
    await rm(directory, { recursive: true });
  },
);

const labels = {
  process: "system_u:system_r:container_t:s0:c1,c2",
  file: "system_u:object_r:container_file_t:s0:c1,c2",
};
const security = (more: object) => ({ linux: { securityContext: more } });

let test: TestRuntime;
/** A pod whose record has labels, as a daemon that gives them would have written it. */
let pod: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pod = await runPod(test, security({ privileged: true, selinuxOptions: { level: "s0:c9" } }));
  await test.restart(async () => {
    const path = join(test.directory, "root/sandboxes", pod, "record.json");
    const { version, record } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ version, record: { ...record, selinux: labels } }));
  });
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

function labelOf(path: string): string {
  return execFileSync("ls", ["-dZ", path], { encoding: "utf8" }).split(" ")[0] ?? "";
}

async function specOf(id: string) {
  return JSON.parse(await readFile(join(test.directory, "state/containers", id, "config.json"), "utf8"));
}

describe("where nothing is labelled", () => {
  it("options are passed over, and those that cannot be right are refused by their field", async () => {
    const asked = { selinuxOptions: { level: "s0:c1,c2" } };
    const plain = await runPod(test, security(asked));
    const id = await createContainer(test, plain, containerConfig(["true"], security(asked)));
    expect(JSON.stringify(await specOf(id))).not.toMatch(/label/i);
    const wrong = security({ selinuxOptions: { level: "c1,c2" } });
    const field = "config.linux.security_context.selinux_options.level";
    await expect(test.runtime.runPodSandbox({ config: podConfig(test, wrong) })).rejects.toThrow(field);
    await expect(createContainer(test, plain, containerConfig(["true"], wrong))).rejects.toThrow(field);
  });
});

describe("in a pod with labels", () => {
  it("a container has the pod's, with what it asks for in their place", async () => {
    const like = await specOf(await createContainer(test, pod, containerConfig(["true"])));
    expect(like.process.selinuxLabel).toBe(labels.process);
    expect(like.linux.mountLabel).toBe(labels.file);
    const own = containerConfig(["true"], security({ selinuxOptions: { type: "spc_t" } }));
    const other = await specOf(await createContainer(test, pod, own));
    expect(other.process.selinuxLabel).toBe("system_u:system_r:spc_t:s0:c1,c2");
  });

  it("a privileged container has none for its process, and its files have the pod's", async () => {
    const privileged = containerConfig(["true"], security({ privileged: true }));
    const { process, linux } = await specOf(await createContainer(test, pod, privileged));
    expect([process.selinuxLabel, linux.mountLabel]).toEqual([undefined, labels.file]);
  });

  it.skipIf(leftOut.selinux)(
    "a container whose label the kernel cannot give does not run without",
    async () => {
      const containerId = await createContainer(test, pod, containerConfig(["true"]));
      await expect(test.runtime.startContainer({ containerId })).rejects.toThrow("selinux");
    },
  );

  it("what a mount asks to be relabelled gets the container's label, and nothing else does", async () => {
    const [shared, kept] = [join(test.directory, "shared"), join(test.directory, "kept")];
    for (const directory of [shared, kept]) await mkdir(join(directory, "inner"), { recursive: true });
    const mounts = [
      { containerPath: "/shared", hostPath: shared, selinuxRelabel: true },
      { containerPath: "/kept", hostPath: kept },
    ];
    await createContainer(test, pod, containerConfig(["true"], { mounts }));
    expect([labelOf(shared), labelOf(join(shared, "inner"))]).toEqual([labels.file, labels.file]);
    expect(labelOf(kept)).not.toBe(labels.file);
  });

  it("a directory that the host needs is not relabelled, and nothing is, nor made", async () => {
    const mine = join(test.directory, "mine");
    const mounts = [
      { containerPath: "/mine", hostPath: mine, selinuxRelabel: true },
      { containerPath: "/host", hostPath: "/etc", selinuxRelabel: true },
    ];
    const refused = createContainer(test, pod, containerConfig(["true"], { mounts }));
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow("config.mounts[1].selinux_relabel would give /etc");
    expect(existsSync(mine)).toBe(false);
  });
});
