import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { busyboxImage } from "../../src/testing/busybox-image.js";
import { writeLayout } from "../../src/testing/image-layout.js";
import { serveRegistry } from "../../src/testing/registry.js";

const run = promisify(execFile);
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function pull(ref: string): Promise<string> {
  const layout = join(directory, "pulled");
  const copy = ["copy", "-q", "--src-tls-verify=false", `docker://${ref}`, `oci:${layout}:pulled`];
  await run("skopeo", ["--insecure-policy", ...copy]);
  await run("umoci", ["raw", "unpack", "--image", `${layout}:pulled`, join(directory, "rootfs")]);
  return join(directory, "rootfs");
}

test("an image made of files can be pulled by skopeo and unpacked with its contents and modes", async () => {
  await using registry = await serveRegistry([
    {
      ref: "demo/app:1",
      files: { "/etc/motd": "hello\n", "/bin/run": { content: "#!/bin/sh\n", mode: 0o755 } },
      defaults: { cmd: ["/bin/run"], env: ["A=1"] },
    },
  ]);
  const rootfs = await pull(registry.ref("demo/app:1"));
  expect(await readFile(join(rootfs, "etc/motd"), "utf8")).toBe("hello\n");
  const { stdout } = await run("stat", ["-c", "%a %u:%g", join(rootfs, "bin/run")]);
  expect(stdout.trim()).toBe("755 0:0");
});

test("the busybox image runs a shell in a chroot", async () => {
  await using registry = await serveRegistry([{ ref: "demo/busybox:1", ...(await busyboxImage()) }]);
  const rootfs = await pull(registry.ref("demo/busybox:1"));
  const { stdout } = await run("chroot", [rootfs, "/bin/sh", "-c", "echo from $(id -u)"]);
  expect(stdout).toBe("from 0\n");
});

test("a layout directory is served under its own name, with its tags listed", async () => {
  const layout = join(directory, "pets");
  await mkdir(directory, { recursive: true });
  await writeLayout(layout, { "/cat": "meow" });
  await using registry = await serveRegistry(layout);
  const answer = await fetch(`http://${registry.host}/v2/pets/tags/list`);
  expect(await answer.json()).toEqual({ name: "pets", tags: ["latest"] });
});

test("an archive is served", async () => {
  await writeLayout(join(directory, "layout"), { "/cat": "meow" });
  const archive = join(directory, "image.tar");
  await run("skopeo", [
    "--insecure-policy",
    "copy",
    "-q",
    `oci:${directory}/layout`,
    `oci-archive:${archive}`,
  ]);
  await using registry = await serveRegistry([{ ref: "pets/cat:2", archive }]);
  const rootfs = await pull(registry.ref("pets/cat:2"));
  expect(await readFile(join(rootfs, "cat"), "utf8")).toBe("meow");
});

test("the same files give the same digest", async () => {
  for (const name of ["a", "b"]) await writeLayout(join(directory, name), { "/x": "1", "/y": { link: "x" } });
  const index = (name: string) => readFile(join(directory, name, "index.json"), "utf8");
  expect(await index("a")).toBe(await index("b"));
});

test.each([
  ["an unknown repository", "/v2/none/manifests/1", {}, 404, "NAME_UNKNOWN"],
  ["an unknown tag", "/v2/demo/app/manifests/none", {}, 404, "MANIFEST_UNKNOWN"],
  ["a blob outside the layout", "/v2/demo/app/blobs/..%2f..%2findex.json", {}, 404, "BLOB_UNKNOWN"],
  [
    "a type that the client cannot read",
    "/v2/demo/app/manifests/1",
    { accept: "text/html" },
    404,
    "MANIFEST_UNKNOWN",
  ],
])("the registry refuses %s", async (_what, path, headers, status, code) => {
  await using registry = await serveRegistry([{ ref: "demo/app:1", files: { "/a": "" } }]);
  const answer = await fetch(`http://${registry.host}${path}`, { headers });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ errors: [{ code }] });
});

test("the registry is read-only", async () => {
  await using registry = await serveRegistry([{ ref: "demo/app:1", files: { "/a": "" } }]);
  const answer = await fetch(`http://${registry.host}/v2/demo/app/manifests/2`, {
    method: "PUT",
    body: "{}",
  });
  expect(answer.status).toBe(405);
});

test.each(["relative", "/../up", "/a/../../b", "/"])(
  "a file at %s is refused with the field named",
  async (path) => {
    await expect(serveRegistry([{ ref: "demo/app:1", files: { [path]: "" } }])).rejects.toMatchObject({
      code: "invalid_argument",
      field: "files",
    });
  },
);
