import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createRuntime, defaultConfig, purgeRuntime, type RuntimeConfig } from "../../src/runtime/index.js";
import { createLogger } from "../../src/runtime/log.js";
import { claimNetwork } from "../../src/testing/network-claim.js";
import { runPod } from "./support/pods.js";
import { startTestRuntime } from "./support/test-runtime.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function runtime(more: Partial<RuntimeConfig>, log = createLogger("error", () => {})) {
  const places = { listen: join(directory, "s"), root: join(directory, "r"), state: join(directory, "t") };
  return createRuntime({ ...places, ...more }, { log });
}

describe("`createRuntime`", () => {
  it("lists all programs that are missing, with the packages that bring them", async () => {
    const { runc } = defaultConfig.handlers;
    if (!runc) throw new Error("No default handler");
    const handlers = { runc, odd: { ...runc, path: "no-such-runtime" } };
    const started = runtime({ handlers, cniPluginDirs: [directory] }).listen();
    await expect(started).rejects.toThrow(
      "Programs not found: no-such-runtime (handlers.odd.path), bridge, host-local, portmap: apt-get install containernetworking-plugins",
    );
    expect(await readdir(directory)).toEqual([]);
  });

  it("can be closed before it listens, and twice", async () => {
    const never = runtime({});
    await never.close();
    await never.close();
    expect(never.endpoint).toBe(`unix://${directory}/s`);
  });

  it("refuses a configuration at once, naming the key", () => {
    expect(() => runtime({ defaultHandler: "kata" })).toThrow("defaultHandler");
    expect(() => runtime({ root: "relative" })).toThrow("root");
  });

  it("runs pods below directories with long names", async () => {
    const state = join(directory, "x".repeat(100), "state");
    const test = await startTestRuntime({ state });
    await runPod(test);
    expect(await test.end()).toEqual([]);
  });

  it("works through links to its directories, which a purge leaves in place", async () => {
    const { bridge, subnet, release } = await claimNetwork(directory);
    for (const name of ["r", "t"]) {
      await mkdir(join(directory, `disk-${name}`));
      await symlink(`disk-${name}`, join(directory, name));
    }
    const log = createLogger("warn", (line) => lines.push(line));
    const lines: string[] = [];
    for (let round = 0; round < 2; round++) {
      const linked = runtime({ bridge, subnet }, log);
      await linked.listen();
      await linked.close();
      const places = { root: join(directory, "r"), state: join(directory, "t"), bridge, subnet };
      expect(await purgeRuntime(places, { log })).toBe(true);
    }
    expect((await readdir(directory, { recursive: true })).sort()).toEqual(["disk-r", "disk-t", "r", "t"]);
    expect(lines).toEqual([]);
    await release();
  });
});
