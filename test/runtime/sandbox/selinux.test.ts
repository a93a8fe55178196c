import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { PodSandboxConfigSchema, RunPodSandboxRequestSchema } from "../../../src/proto.js";
import { openSelinux } from "../../../src/runtime/adapters/selinux/selinux.js";
import { compose } from "../../../src/runtime/compose.js";
import { type RuntimeConfig, resolveConfig } from "../../../src/runtime/config.js";
import type { RuntimeDeps } from "../../../src/runtime/deps.js";
import { purgeRuntime } from "../../../src/runtime/index.js";
import { discardSandbox } from "../../../src/runtime/lifecycle/release-sandbox.js";
import { createLogger } from "../../../src/runtime/log.js";
import { findPrograms } from "../../../src/runtime/programs.js";
import { makeSandboxFiles } from "../../../src/runtime/sandbox/files.js";
import { newSandboxRecord } from "../../../src/runtime/sandbox/new-record.js";
import { runPodSandbox } from "../../../src/runtime/sandbox/run.js";
import { recordWithLabels } from "../../../src/runtime/sandbox/selinux.js";
import { claimNetwork, type NetworkClaim } from "../../../src/testing/network-claim.js";
import { leftOut } from "../../left-out.js";
import { findLeaks } from "../../support/leaks.js";

const log = createLogger("error", () => {});
let directory: string;
let network: NetworkClaim;
let config: RuntimeConfig;
let deps: RuntimeDeps;

/** A runtime that takes this directory's files for the kernel's and the policy's. */
async function composed(): Promise<RuntimeDeps> {
  const selinux = await openSelinux({
    kernel: join(directory, "kernel"),
    contexts: join(directory, "contexts"),
  });
  return (await compose(config, await findPrograms(config), { log, selinux })).deps;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-"));
  network = await claimNetwork(directory);
  await mkdir(join(directory, "kernel"));
  await writeFile(join(directory, "kernel/enforce"), "1");
  await writeFile(
    join(directory, "contexts"),
    `process = "system_u:system_r:container_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file = "system_u:object_r:container_ro_file_t:s0"
`,
  );
  const { bridge, subnet } = network;
  const [listen, root, state] = [join(directory, "s"), join(directory, "r"), join(directory, "t")];
  config = resolveConfig({ listen, root, state, bridge, subnet });
  deps = await composed();
});

afterAll(async () => {
  expect(await purgeRuntime(config, { log })).toBe(true);
  await network.release();
  await rm(directory, { recursive: true });
  expect(await findLeaks({ directory, network })).toEqual([]);
});

function podConfig(selinuxOptions = {}) {
  return create(PodSandboxConfigSchema, {
    metadata: { name: "demo", namespace: "default", uid: randomUUID() },
    linux: { securityContext: { selinuxOptions } },
  });
}

async function recorded(selinuxOptions = {}) {
  const config = podConfig(selinuxOptions);
  return recordWithLabels(deps, newSandboxRecord(deps, config, "runc"), config);
}

function labelOf(path: string): string {
  return execFileSync("ls", ["-dZ", path], { encoding: "utf8" }).split(" ")[0] ?? "";
}

describe("a daemon that gives labels", () => {
  it("gives each pod a level of its own, which its record keeps", async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => recorded()));
    const levels = made.map(({ selinux }) => /s0:c\d+,c\d+$/.exec(selinux?.process ?? "")?.[0]);
    expect(levels).not.toContain(undefined);
    expect(new Set(levels).size).toBe(20);
    deps = await composed();
    for (const { id, selinux } of made) expect(deps.sandboxes.get(id)?.selinux).toEqual(selinux);
    for (const { id } of made) await deps.sandboxes.remove(id);
  });

  it("gives the level that a pod asks for, also twice", async () => {
    const asked = await Promise.all([recorded({ level: "s0:c7" }), recorded({ level: "s0:c7" })]);
    for (const { id, selinux } of asked) {
      expect(selinux).toEqual({
        process: "system_u:system_r:container_t:s0:c7",
        file: "system_u:object_r:container_file_t:s0:c7",
      });
      await deps.sandboxes.remove(id);
    }
  });

  it("refuses a label that the policy does not know, and records nothing", async () => {
    // What refuses a write as the kernel refuses an unknown label.
    await rm(join(directory, "kernel/context"));
    await symlink("/proc/self/oom_score_adj", join(directory, "kernel/context"));
    await expect(recorded({ type: "no_such_t" })).rejects.toMatchObject({
      code: "invalid_argument",
      field: "config.linux.security_context.selinux_options",
      message: expect.stringMatching(/:no_such_t:s0:c\d+,c\d+, which the policy of this host does not know/),
    });
    await rm(join(directory, "kernel/context"));
    expect(deps.sandboxes.list()).toEqual([]);
  });

  it("labels the files of a pod, and what its pause process is run from", async () => {
    expect(labelOf(join(deps.paths.pauseRootfs, "catatonit"))).toBe(
      "system_u:object_r:container_ro_file_t:s0",
    );
    const record = await recorded();
    const { directory, hosts, hostname, resolvConf } = deps.paths.sandbox(record.id);
    await mkdir(directory, { recursive: true });
    await makeSandboxFiles(deps, { record, config: podConfig(), ips: [] });
    const file = record.selinux?.file;
    expect([hosts, hostname, resolvConf].map(labelOf)).toEqual([file, file, file]);
    await discardSandbox(deps, record);
  });

  it.skipIf(leftOut.selinux)("does not run a pod whose label the kernel cannot give", async () => {
    const request = create(RunPodSandboxRequestSchema, { config: podConfig() });
    await expect(runPodSandbox(deps, request)).rejects.toThrow("selinux");
    expect(deps.sandboxes.list()).toEqual([]);
  });
});
