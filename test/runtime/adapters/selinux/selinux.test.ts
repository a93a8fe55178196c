import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { labelOption } from "../../../../src/runtime/adapters/mounts.js";
import { relabel } from "../../../../src/runtime/adapters/selinux/relabel.js";
import { openSelinux } from "../../../../src/runtime/adapters/selinux/selinux.js";
import { createTmpfs } from "../../../../src/runtime/adapters/tmpfs/tmpfs.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-selinux-"));
});

afterEach(() => rm(directory, { recursive: true }));

async function write(path: string, content: string): Promise<void> {
  const file = join(directory, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, content);
}

function open() {
  const place = (name: string) => join(directory, name);
  return openSelinux({ kernel: place("kernel"), policies: place("policies"), contexts: place("contexts") });
}

const refused = (why: string) =>
  expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining(why) });

// Files as Fedora has them.
const ofPolicy = `process = "system_u:system_r:container_t:s0"
content = "system_u:object_r:virt_var_lib_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file="system_u:object_r:container_ro_file_t:s0"
# process = "not:this:one:s0"
`;

describe("SELinux of a host", () => {
  it("is refused where the kernel has none", async () => {
    await expect(open()).rejects.toThrow(refused('selinux: is "label", and the kernel has no SELinux'));
  });

  it("is refused where nothing says which labels containers have", async () => {
    await write("kernel/enforce", "1");
    await write("policies/config", "SELINUXTYPE=minimum\n");
    await expect(open()).rejects.toThrow(refused("policies/minimum/contexts/lxc_contexts says which labels"));
    await write("contexts", 'process = "system_u:system_r:container_t:s0"\n');
    await expect(open()).rejects.toThrow(refused("container-selinux"));
  });

  it("has the labels of the policy in force, unless the host's containers have contexts of their own", async () => {
    await write("kernel/enforce", "0");
    await write("policies/config", "# SELINUXTYPE=mls\nSELINUX=permissive\nSELINUXTYPE=targeted\n");
    await write("policies/targeted/contexts/lxc_contexts", ofPolicy);
    expect(await open()).toMatchObject({
      defaults: {
        process: "system_u:system_r:container_t:s0",
        file: "system_u:object_r:container_file_t:s0",
      },
      readOnlyFile: "system_u:object_r:container_ro_file_t:s0",
    });
    await write("contexts", "; ours\nprocess = u:r:own_t\nfile = u:object_r:own_file_t\n");
    expect(await open()).toMatchObject({
      defaults: { process: "u:r:own_t", file: "u:object_r:own_file_t" },
      readOnlyFile: "u:object_r:own_file_t",
    });
  });

  it("asks the kernel whether the policy knows a label", async () => {
    await write("kernel/enforce", "1");
    await write("contexts", ofPolicy);
    const { accepts } = await open();
    expect(await accepts("system_u:system_r:container_t:s0:c1,c2")).toBe(true);
    expect(await readFile(join(directory, "kernel/context"), "utf8")).toBe(
      "system_u:system_r:container_t:s0:c1,c2",
    );
    await rm(join(directory, "kernel/context"));
    // What refuses a write as the kernel refuses an unknown label.
    await symlink("/proc/self/oom_score_adj", join(directory, "kernel/context"));
    expect(await accepts("system_u:system_r:no_such_t:s0")).toBe(false);
  });
});

const label = "system_u:object_r:container_file_t:s0:c1,c2";

function labelOf(path: string): string {
  const [label] = execFileSync("ls", ["-dZ", join(directory, path)], { encoding: "utf8" }).split(" ");
  return label ?? "";
}

describe("`relabel`", () => {
  it("gives a label to files and to all that lies below directories, not to what links lead to", async () => {
    await write("outside", "");
    await write("tree/inner/-f", "");
    await write("file", "");
    await symlink(join(directory, "outside"), join(directory, "tree/link"));
    await relabel([join(directory, "tree"), join(directory, "file")], label);
    expect(["tree", "tree/inner", "tree/inner/-f", "tree/link", "file"].map(labelOf)).toEqual(
      Array(5).fill(label),
    );
    expect(labelOf("outside")).not.toBe(label);
  });

  it("passes over file systems without labels, and fails otherwise", async () => {
    await relabel([], label);
    await relabel(["/proc/self/status"], label);
    const target = join(directory, "read-only");
    await createTmpfs().mount(target, { sizeBytes: 4096, uid: 0, gid: 0, label });
    try {
      execFileSync("mount", ["-o", "remount,ro", target]);
      await expect(relabel(["/proc/self/status", target], label)).rejects.toThrow("chcon: ");
    } finally {
      await createTmpfs().unmount(target);
    }
  });
});

it("a label is one option of a mount, whatever commas it has", () => {
  expect(labelOption(label)).toBe(`,context="${label}"`);
  expect(labelOption(undefined)).toBe("");
});
