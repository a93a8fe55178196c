import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostPath } from "../../src/logs/host-path.js";

let host: string;

beforeEach(async () => {
  host = await realpath(await mkdtemp(join(tmpdir(), "crikit-host-")));
  await mkdir(join(host, "var/lib/docker"), { recursive: true });
  await mkdir(join(host, "var/log/pods"), { recursive: true });
  await writeFile(join(host, "var/lib/docker/a-json.log"), "");
});

afterEach(async () => {
  await rm(host, { recursive: true, force: true });
});

describe("hostPath", () => {
  test("follows absolute and relative links as the host would", async () => {
    await symlink("/var/lib/docker/a-json.log", join(host, "var/log/pods/0.log"));
    await symlink("../lib/docker", join(host, "var/log/containers"));
    const real = join(host, "var/lib/docker/a-json.log");
    expect(await hostPath(host, "/var/log/pods/0.log")).toBe(real);
    expect(await hostPath(host, "/var/log/containers/a-json.log")).toBe(real);
  });

  test("does not lead out of the host's root", async () => {
    await symlink("/../../../../etc", join(host, "var/log/out"));
    expect(await hostPath(host, "/var/log/out/passwd")).toBe(join(host, "etc/passwd"));
    expect(await hostPath(host, "/../../etc/passwd")).toBe(join(host, "etc/passwd"));
  });

  test("keeps the name of what is not there yet", async () => {
    expect(await hostPath(host, "/var/log/pods/a/0.log")).toBe(join(host, "var/log/pods/a/0.log"));
    expect(await hostPath("/", join(host, "new/0.log"))).toBe(join(host, "new/0.log"));
  });

  test("refuses links that go round in a circle", async () => {
    await symlink("/var/log/b", join(host, "var/log/a"));
    await symlink("/var/log/a", join(host, "var/log/b"));
    await expect(hostPath(host, "/var/log/a/0.log")).rejects.toMatchObject({ code: "failed_precondition" });
  });
});
