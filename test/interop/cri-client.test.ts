import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { criClientWalkPath, leftOut } from "../left-out.js";
import { type GuardedRegistry, startGuardedRegistry } from "../support/guarded-registry.js";

const run = promisify(execFile);

describe.skipIf(leftOut.criClient)("k8s.io/cri-client, kubelet's own, on the bundled runtime", () => {
  let runtime: RuntimeHandle;
  let registry: GuardedRegistry;
  let directory: string;
  let said: string;

  beforeAll(async () => {
    runtime = await startRuntime();
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    registry = await startGuardedRegistry();
    const { image, username, password } = registry;
    const args = { endpoint: runtime.endpoint, directory, image, username, password, criu: !leftOut.criu };
    said = await walk(Object.entries(args).map(([name, value]) => `-${name}=${value}`));
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await runtime?.[Symbol.asyncDispose]();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  it.each([
    ["walks a pod's whole life with unary lists", "with_unary_lists"],
    ["walks it with streaming lists", "with_streaming_lists"],
    ["has no method that the walk does not call", "misses_no_method"],
    ["has sent every RPC of the contract", "misses_no_RPC"],
  ])("%s", (_what, name) => {
    expect(said).toContain(`--- PASS: TestWalk/${name} `);
  });
});

/** All that the walk says, which names each of its steps with how it went. */
async function walk(args: readonly string[]): Promise<string> {
  try {
    return (await run(criClientWalkPath, ["-test.v", "-test.timeout=60s", ...args])).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
