import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";

import { ContainerConfigSchema, PodSandboxConfigSchema, SELinuxOptionSchema } from "../../../src/proto.js";
import { containerSpec } from "../../../src/runtime/spec/container-spec.js";
import { execProcess } from "../../../src/runtime/spec/exec-process.js";
import { sandboxSpec } from "../../../src/runtime/spec/sandbox-spec.js";
import {
  checkRelabel,
  checkSelinuxOptions,
  withOwnLevel,
  withSelinuxOptions,
} from "../../../src/runtime/spec/selinux.js";
import { hostOfTests } from "./real-pod.js";

const options = (init: MessageInitShape<typeof SELinuxOptionSchema>) => create(SELinuxOptionSchema, init);
const labels = {
  process: "system_u:system_r:container_t:s0:c1,c2",
  file: "system_u:object_r:container_file_t:s0:c1,c2",
};

describe("SELinux options", () => {
  it.each([
    {},
    { level: "s0" },
    { level: "s0-s15" },
    { level: "s0:c1" },
    { level: "s0:c1,c1023" },
    { level: "s0:c0.c3,c7" },
    { level: "s0-s0:c0.c1023" },
    { user: "system_u", role: "system_r", type: "container_t" },
    { type: "my.own-block.process" },
  ])("%j are served", (init) => {
    expect(() => checkSelinuxOptions(options(init))).not.toThrow();
  });

  it.each([
    [{ level: "0" }, "level"],
    [{ level: "s0,c1" }, "level"],
    [{ level: "s0:" }, "level"],
    [{ level: "s0:c1," }, "level"],
    [{ level: "s0:c12345" }, "level"],
    [{ level: 's0",ro' }, "level"],
    [{ level: "s0\n" }, "level"],
    [{ type: "a:b" }, "type"],
    [{ type: "spc_t," }, "type"],
    [{ user: 'u"' }, "user"],
    [{ role: "-r" }, "role"],
    [{ role: "r " }, "role"],
  ])("%j are refused by their field", (init, part) => {
    expect(() => checkSelinuxOptions(options(init))).toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        field: `config.linux.security_context.selinux_options.${part}`,
      }),
    );
  });

  it.each([
    [{}, labels.process, labels.file],
    [{ type: "spc_t" }, "system_u:system_r:spc_t:s0:c1,c2", labels.file],
    [{ level: "s0" }, "system_u:system_r:container_t:s0", "system_u:object_r:container_file_t:s0"],
    [
      { user: "u", role: "r", type: "t", level: "s0:c5-s0:c5,c6" },
      "u:r:t:s0:c5-s0:c5,c6",
      "u:object_r:container_file_t:s0:c5-s0:c5,c6",
    ],
  ])("%j make a process %s, its files %s", (init, process, file) => {
    expect(withSelinuxOptions(labels, options(init))).toEqual({ process, file });
  });
});

describe("the level of a pod", () => {
  const plain = {
    process: "system_u:system_r:container_t:s0",
    file: "system_u:object_r:container_file_t:s0",
  };

  it("has two categories, the same for processes and files", () => {
    const own = withOwnLevel(plain, []);
    const [, low = "", high = ""] =
      /^system_u:system_r:container_t:s0:c(\d+),c(\d+)$/.exec(own.process) ?? [];
    expect(Number(low)).toBeLessThan(Number(high));
    expect(Number(high)).toBeLessThan(1024);
    expect(own.file).toBe(`system_u:object_r:container_file_t:s0:c${low},c${high}`);
  });

  it("is no other pod's", () => {
    // All but one of the 523776 pairs are taken.
    const others = [];
    for (let high = 1; high < 1024; high += 1) {
      for (let low = 0; low < high; low += 1) {
        if (low !== 3 || high !== 900) others.push({ process: `u:r:t:s0:c${low},c${high}`, file: "" });
      }
    }
    expect(withOwnLevel(plain, others).process).toBe("system_u:system_r:container_t:s0:c3,c900");
  });

  it("is none where the policy has no levels", () => {
    const without = { process: "u:r:t", file: "u:object_r:f" };
    expect(withOwnLevel(without, [])).toEqual(without);
  });
});

describe("a mount that is to be relabelled", () => {
  it.each([
    ["/", "/"],
    ["/etc/", "/etc"],
    ["/usr/../home", "/home"],
    ["/bin", "/usr/bin"],
    ["/data/link", "/var/lib"],
    ["/var/run", "/run"],
  ])("is refused where it is %s, which is %s", (hostPath, path) => {
    expect(() => checkRelabel("config.mounts[3]", hostPath, path)).toThrow(
      expect.objectContaining({ code: "invalid_argument", field: "config.mounts[3].selinux_relabel" }),
    );
  });

  it.each(["/var/lib/kubelet/pods/1/volumes/2", "/home/me", "/data", "/etc/mine"])("may be %s", (path) => {
    expect(() => checkRelabel("config.mounts[3]", path, path)).not.toThrow();
  });
});

const profiles = { runtimeDefault: undefined, localhost: undefined };

async function podSpec(privileged: boolean, selinux: typeof labels | undefined) {
  return sandboxSpec({
    config: create(PodSandboxConfigSchema, { linux: { securityContext: { privileged } } }),
    ...{ rootfs: "/pause", netns: undefined, userns: undefined, hostname: "", cgroupsPath: "/x" },
    ...{ host: await hostOfTests(), profiles, appArmor: undefined, selinux },
  });
}

async function specOf(privileged: boolean, selinux: typeof labels | undefined) {
  return containerSpec({
    config: create(ContainerConfigSchema, { command: ["true"], linux: { securityContext: { privileged } } }),
    image: { env: [], entrypoint: [], cmd: [], workingDir: "" },
    user: { uid: 0, gid: 0 },
    sandbox: {
      files: { hosts: "/h", hostname: "/n", resolvConf: "/r", shm: "/s" },
      ...{ pid: 1, hostname: "", privileged: true, ids: undefined },
    },
    ...{ rootfs: "/r", targetPid: undefined, hostDevices: new Map(), mountSources: new Map(), volumes: [] },
    ...{ cgroupsPath: "/x", host: await hostOfTests(), profiles, appArmor: undefined, selinux },
  });
}

describe.each([
  ["a pod", podSpec],
  ["a container", specOf],
])("the OCI spec of %s", (_, make) => {
  it("has the labels of its process and its mounts", async () => {
    const spec = await make(false, labels);
    expect(spec.process.selinuxLabel).toBe(labels.process);
    expect(spec.linux.mountLabel).toBe(labels.file);
    expect(execProcess(spec.process, ["id"], true).selinuxLabel).toBe(labels.process);
  });

  it("leaves a privileged process to the policy, and labels its files", async () => {
    const spec = await make(true, labels);
    expect(spec.process).not.toHaveProperty("selinuxLabel");
    expect(spec.linux.mountLabel).toBe(labels.file);
  });

  it("has none where nothing is labelled", async () => {
    const spec = await make(false, undefined);
    expect(spec.process).not.toHaveProperty("selinuxLabel");
    expect(spec.linux).not.toHaveProperty("mountLabel");
  });
});
