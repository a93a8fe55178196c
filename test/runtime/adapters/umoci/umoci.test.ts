import { randomBytes } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { unmountBelow } from "../../../../src/runtime/adapters/mounts.js";
import { createOverlay } from "../../../../src/runtime/adapters/overlay/overlay.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { createUmoci, type Umoci } from "../../../../src/runtime/adapters/umoci/umoci.js";
import { archiveLayer, type Layer } from "../../image/support/images.js";

let directory: string;
let umoci: Umoci;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-umoci-"));
  await mkdir(join(directory, "tmp"));
  umoci = createUmoci({ path: "umoci", zstd: "zstd", temporaryDirectory: join(directory, "tmp") });
});

afterEach(async () => {
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
  await unmountBelow(directory);
  await rm(directory, { recursive: true });
});

/** A layer of what a script makes in an empty directory, which tar packs as it is. */
async function made(script: string, ...tarFlags: string[]): Promise<Layer> {
  const tree = await mkdtemp(join(directory, "tree-"));
  await runCommand("sh", ["-ec", script], { cwd: tree });
  const tar = `${tree}.tar`;
  await runCommand("tar", ["--numeric-owner", ...tarFlags, "-cf", tar, "-C", tree, "."]);
  return archiveLayer(await readFile(tar), "gzip");
}

/** Unpacks layers onto each other as the runtime does, and gives where they are seen as one. */
async function unpack(...layers: Layer[]): Promise<string> {
  const overlay = createOverlay();
  const below: string[] = [];
  for (const [index, layer] of layers.entries()) {
    const target = join(directory, `merged-${index}`);
    const upper = join(directory, String(index), "fs");
    const file = join(directory, "blob");
    await writeFile(file, layer.bytes);
    const work = join(directory, `work-${index}`);
    await mkdir(upper, { recursive: true });
    if (index > 0) await overlay.mount({ store: directory, layers: below, upper, work, target });
    await umoci.unpackLayer({ ...layer, file }, index > 0 ? target : upper);
    below.push(`${index}/fs`);
  }
  return join(directory, layers.length > 1 ? `merged-${layers.length - 1}` : "0/fs");
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

describe("a layer is unpacked with", () => {
  it("owners, modes, links and special files", async () => {
    const script = `
      echo x > file; chown 7:8 file; chmod 4750 file
      mkdir sticky; chmod 1777 sticky
      ln file hard; ln -s file soft; mkfifo pipe; mknod null c 1 3
    `;
    const rootfs = await unpack(await made(script));
    const file = await stat(join(rootfs, "file"));
    expect([file.uid, file.gid, file.mode & 0o7777]).toEqual([7, 8, 0o4750]);
    expect((await stat(join(rootfs, "sticky"))).mode & 0o7777).toBe(0o1777);
    expect((await stat(join(rootfs, "hard"))).ino).toBe(file.ino);
    expect(await readlink(join(rootfs, "soft"))).toBe("file");
    expect((await stat(join(rootfs, "pipe"))).isFIFO()).toBe(true);
    expect((await stat(join(rootfs, "null"))).isCharacterDevice()).toBe(true);
  });

  it("extended attributes", async () => {
    const attribute = "SCHILY.xattr.user.note";
    const layer = await made("echo x > file", "--format=pax", `--pax-option=${attribute}:=hello`);
    const rootfs = await unpack(layer);
    const readBack = ["--xattrs", "--xattrs-include=*", "-cf", "-", "-C", rootfs, "file"];
    expect((await runCommand("tar", readBack)).stdout).toContain(`${attribute}=hello`);
  });

  it("whiteouts: files, whole directories, and what was never there", async () => {
    const base = await made("mkdir dir; echo 1 > dir/old; echo 2 > gone; echo 3 > kept");
    const upper = await made("touch .wh.gone .wh.never; mkdir dir; touch dir/.wh..wh..opq; echo 4 > dir/new");
    const rootfs = await unpack(base, upper);
    expect((await readdir(rootfs)).sort()).toEqual(["dir", "kept"]);
    expect(await readdir(join(rootfs, "dir"))).toEqual(["new"]);
  });

  it("a file in place of a directory, and a directory in place of a file", async () => {
    const base = await made("mkdir one; echo x > one/x; echo y > two");
    const rootfs = await unpack(base, await made("echo now > one; mkdir two; echo z > two/z"));
    expect(await readFile(join(rootfs, "one"), "utf8")).toBe("now\n");
    expect(await readFile(join(rootfs, "two/z"), "utf8")).toBe("z\n");
  });

  it("links that lead out of the image, without following them", async () => {
    const outside = join(directory, "outside");
    await mkdir(outside);
    const base = await made(`ln -s ${outside} absolute; ln -s ../../outside relative`);
    const through = "mkdir absolute relative; echo a > absolute/a; echo r > relative/r";
    const rootfs = await unpack(base, await made(through));
    expect(await readdir(outside)).toEqual([]);
    expect(await exists(rootfs)).toBe(true);
  });
});

it("a damaged layer is an error that says so", async () => {
  const layer = await made("echo x > file");
  const file = join(directory, "blob");
  const target = join(directory, "target");
  await mkdir(target);
  for (const bytes of [randomBytes(100), layer.bytes.subarray(0, -20), Buffer.alloc(0)]) {
    await writeFile(file, bytes);
    await expect(umoci.unpackLayer({ ...layer, file }, target)).rejects.toMatchObject({ code: "data_loss" });
  }
});

it("an abort ends the work with its own reason", async () => {
  const layer = await made("head -c 3000000 /dev/urandom > file");
  const file = join(directory, "blob");
  await writeFile(file, layer.bytes);
  const caller = new AbortController();
  const unpacked = umoci.unpackLayer({ ...layer, file }, join(directory, "target"), caller);
  caller.abort(new Error("enough"));
  await expect(unpacked).rejects.toThrow("enough");
});
