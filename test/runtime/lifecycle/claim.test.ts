import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type RuntimeConfig, resolveConfig } from "../../../src/runtime/config.js";
import { type Claim, claim } from "../../../src/runtime/lifecycle/claim.js";

let directory: string;
const claims: Claim[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-claim-"));
});

afterEach(async () => {
  for (const held of claims.splice(0)) expect(await held.release()).toEqual([]);
  await rm(directory, { recursive: true });
});

function config(more: Partial<Record<"root" | "state" | "listen", string>> = {}): RuntimeConfig {
  const { root = "root", state = "state", listen = "sock" } = more;
  const places = {
    root: join(directory, root),
    state: join(directory, state),
    listen: join(directory, listen),
  };
  return resolveConfig(places);
}

async function take(of: RuntimeConfig): Promise<Claim> {
  const held = await claim(of, { socket: true });
  claims.push(held);
  return held;
}

describe("A claim", () => {
  it.each([
    ["root", { state: "s2", listen: "l2" }, "Root .*/root is in use"],
    ["state directory", { root: "r2", listen: "l2" }, "State directory .*/state is in use"],
    ["socket", { root: "r2", state: "s2" }, "Socket .*/sock is in use"],
    ["socket by its path alone", { root: "r2", state: "s2", listen: "./sock" }, "Socket .*/sock is in use"],
  ])("keeps others off its %s and names the process", async (_what, more, message) => {
    await take(config());
    await expect(take(config(more))).rejects.toThrow(
      new RegExp(`^${message} by process ${process.pid}: stop that crikit-runtime or choose another --`),
    );
    // What the second had taken before it was refused is free again.
    await take(config({ root: "r2", state: "s2", listen: "l2" }));
  });

  it("is one whatever way leads to the directory", async () => {
    await take(config());
    await symlink(join(directory, "root"), join(directory, "link"));
    await symlink(directory, join(directory, "above"));
    await expect(take(config({ root: "link", state: "s2", listen: "l2" }))).rejects.toThrow("in use");
    await expect(take(config({ root: "above/root", state: "s2", listen: "l2" }))).rejects.toThrow("in use");
    await expect(take(config({ root: "r2", state: "above/state", listen: "l2" }))).rejects.toThrow("in use");
    await expect(take(config({ root: "r2", state: "s2", listen: "above/sock" }))).rejects.toThrow("in use");
  });

  it("gives the real paths of its directories, as the kernel lists mounts", async () => {
    await mkdir(join(directory, "real"));
    await symlink("real", join(directory, "link"));
    const held = await take(config({ root: "link", state: "link/state" }));
    expect(held.config).toMatchObject({
      root: join(directory, "real"),
      state: join(directory, "real/state"),
    });
  });

  it("goes to one of many that come at once, and the others are told which", async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => take(config())));
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(7);
    for (const { reason } of refused) expect(reason.message).toContain(`in use by process ${process.pid}`);
  });

  it("can be taken again once released, and leaves no lock of the socket behind", async () => {
    for (let round = 0; round < 3; round++) {
      const held = await claim(config(), { socket: true });
      expect(await held.release()).toEqual([]);
    }
    expect(await readdir(directory)).toEqual(["root", "state"]);
  });
});

describe("A root", () => {
  it("is marked with its version", async () => {
    await take(config());
    expect(await readFile(join(directory, "root/version"), "utf8")).toBe("1\n");
  });

  it.each([
    ["2\n", "was made by a newer crikit-runtime (version 2, this one knows 1): run that one"],
    ["", "holds no version"],
    ["one", "holds no version"],
  ])("with version %j is refused and not touched", async (version, message) => {
    await mkdir(join(directory, "root"));
    await writeFile(join(directory, "root/version"), version);
    await expect(take(config())).rejects.toThrow(message);
    expect(await readdir(directory, { recursive: true })).toEqual(["root", "root/version"]);
    expect(await readFile(join(directory, "root/version"), "utf8")).toBe(version);
  });
});
