import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";
import { readDevices } from "../../../../src/runtime/adapters/host/devices.js";
import { readHostFacts } from "../../../../src/runtime/adapters/host/host-facts.js";
import { findMountSource, makeMountSource } from "../../../../src/runtime/adapters/host/mount-source.js";
import { readSeccompFile } from "../../../../src/runtime/adapters/host/seccomp-file.js";
import { capabilitiesOf } from "../../../../src/runtime/capability-names.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-host-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("`readHostFacts` reads what the kernel says of this process", async () => {
  const facts = await readHostFacts();
  expect(facts.hostname).toBe((await readFile("/proc/sys/kernel/hostname", "utf8")).trim());
  expect(facts.oomScoreAdj).toBe(Number(await readFile("/proc/self/oom_score_adj", "utf8")));
  expect(facts.capabilities).toContain("CAP_SYS_ADMIN");
  expect(facts.maxOpenFiles).toBeGreaterThan(0);
  expect(facts.maxOpenFiles).toBeLessThanOrEqual(Number(await readFile("/proc/sys/fs/nr_open", "utf8")));
  expect(facts.seccomp).toBe(true);
});

test("`capabilitiesOf` names the bits of a set", () => {
  expect(capabilitiesOf("0000000000000000")).toEqual([]);
  expect(capabilitiesOf("0000010000200001")).toEqual([
    "CAP_CHOWN",
    "CAP_SYS_ADMIN",
    "CAP_CHECKPOINT_RESTORE",
  ]);
});

test("`readDevices` reads the node behind a link under the name that was asked for", async () => {
  const link = join(directory, "link");
  await symlink("/dev/zero", link);
  expect(await readDevices(link)).toMatchObject([
    { path: link, type: "c", major: 1, minor: 5, fileMode: 0o666 },
  ]);
});

test("`readDevices` lists a directory without terminals and what each container has", async () => {
  const paths = (await readDevices("/dev"))?.map(({ path }) => path) ?? [];
  expect(paths).toContain("/dev/kmsg");
  expect(paths.filter((path) => /^\/dev\/(pts|shm|fd|console|ptmx)/.test(path))).toEqual([]);
});

test("`readDevices` tells a missing path from one that holds no devices", async () => {
  expect(await readDevices(join(directory, "none"))).toBeUndefined();
  await writeFile(join(directory, "file"), "");
  expect(await readDevices(join(directory, "file"))).toEqual([]);
  expect(await readDevices(directory)).toEqual([]);
});

test("`findMountSource` follows links to the real path, and makes nothing where there is nothing", async () => {
  await mkdir(join(directory, "real"));
  await symlink(join(directory, "real"), join(directory, "link"));
  const missing = join(directory, "real/a/b");
  expect(await findMountSource(join(directory, "link/a/b"))).toMatchObject({ path: missing });
  await expect(stat(missing)).rejects.toThrow("ENOENT");
  await makeMountSource(missing);
  expect(await findMountSource(join(directory, "link/a/b"))).toMatchObject({ path: missing });
  expect((await stat(missing)).isDirectory()).toBe(true);
});

test("`makeMountSource` refuses to make a directory below a file", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(makeMountSource(join(directory, "file/x"))).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining(join(directory, "file/x")),
  });
});

test("`readSeccompFile` gives undefined for no file, and says which file is not a profile", async () => {
  expect(await readSeccompFile(undefined)).toBeUndefined();
  expect(await readSeccompFile(join(directory, "none"))).toBeUndefined();
  const file = join(directory, "bad");
  for (const content of ["{", "null", "{}"]) {
    await writeFile(file, content);
    await expect(readSeccompFile(file)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(file),
    });
  }
  await mkdir(join(directory, "sub"));
  await expect(readSeccompFile(join(directory, "sub"))).rejects.toMatchObject({
    code: "failed_precondition",
  });
});
