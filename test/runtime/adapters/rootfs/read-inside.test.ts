import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, expect, test } from "vitest";

import { readInside } from "../../../../src/runtime/adapters/rootfs/read-inside.js";

let directory: string;
let rootfs: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-inside-"));
  rootfs = join(directory, "a/rootfs");
  await mkdir(join(rootfs, "etc"), { recursive: true });
  await writeFile(join(directory, "outside"), "of the host");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("`readInside` reads a plain file", async () => {
  await writeFile(join(rootfs, "etc/passwd"), "root:x:0:0");
  expect(await readInside(rootfs, "/etc/passwd")).toBe("root:x:0:0");
});

test("`readInside` gives undefined for a file or directory that is not there", async () => {
  expect(await readInside(rootfs, "/etc/passwd")).toBeUndefined();
  expect(await readInside(rootfs, "/none/passwd")).toBeUndefined();
  await writeFile(join(rootfs, "file"), "");
  expect(await readInside(rootfs, "/file/passwd")).toBeUndefined();
});

const links: { what: string; shadow: string; make: () => Promise<unknown> }[] = [
  {
    what: "an absolute link",
    shadow: "etc/shadow",
    make: () => symlink("/etc/shadow", join(rootfs, "etc/passwd")),
  },
  {
    what: "a link that climbs",
    shadow: "etc/shadow",
    make: () => symlink("../../../../../etc/shadow", join(rootfs, "etc/passwd")),
  },
  {
    what: "a link in place of a directory",
    shadow: "real/shadow",
    make: async () => {
      await rm(join(rootfs, "etc"), { recursive: true });
      await mkdir(join(rootfs, "real"));
      await symlink("/real/../../real", join(rootfs, "etc"));
      await symlink("/etc/shadow", join(rootfs, "real/passwd"));
    },
  },
  {
    what: "links that hang together",
    shadow: "etc/shadow",
    make: async () => {
      await symlink("one", join(rootfs, "etc/passwd"));
      await symlink("/two/../etc/./shadow", join(rootfs, "etc/one"));
      await symlink("etc", join(rootfs, "two"));
    },
  },
];

// The host has an /etc/shadow, so a link that led there would be seen in the first answer.
test.each(links)("`readInside` follows $what within the root filesystem only", async ({ make, shadow }) => {
  await make();
  expect(await readInside(rootfs, "/etc/passwd")).toBeUndefined();
  await writeFile(join(rootfs, shadow), "inside");
  expect(await readInside(rootfs, "/etc/passwd")).toBe("inside");
});

test("`readInside` does not reach a file of the host by a relative link", async () => {
  await symlink("../../../outside", join(rootfs, "etc/passwd"));
  expect(await readInside(rootfs, "/etc/passwd")).toBeUndefined();
});

const hostile: { what: string; make: () => Promise<unknown>; says: string }[] = [
  {
    what: "a FIFO, without waiting for a writer",
    make: () => promisify(execFile)("mkfifo", [join(rootfs, "etc/passwd")]),
    says: "not a plain file",
  },
  {
    what: "a device",
    make: () => promisify(execFile)("mknod", [join(rootfs, "etc/passwd"), "c", "1", "5"]),
    says: "not a plain file",
  },
  { what: "a directory", make: () => mkdir(join(rootfs, "etc/passwd")), says: "not a plain file" },
  {
    what: "a huge file",
    make: async () => {
      await writeFile(join(rootfs, "etc/passwd"), "");
      await truncate(join(rootfs, "etc/passwd"), 2 ** 40);
    },
    says: "larger than",
  },
  {
    what: "a link to itself",
    make: () => symlink("passwd", join(rootfs, "etc/passwd")),
    says: "too many symbolic links",
  },
];

test.each(hostile)("`readInside` refuses $what", async ({ make, says }) => {
  await make();
  await expect(readInside(rootfs, "/etc/passwd")).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(new RegExp(`^/etc/passwd in the image .*${says}`)),
  });
});
