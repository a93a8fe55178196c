import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect } from "crikit";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findLeaks } from "../support/leaks.js";

let logs: string;
beforeEach(async () => {
  logs = await mkdtemp(join(tmpdir(), "crikit-test-"));
});
afterEach(() => rm(logs, { recursive: true, force: true }));

/** Leaves a container running, so that there is something to leak. */
async function runSleeper(runtime: RuntimeHandle): Promise<string[]> {
  await runtime.importImage({ ref: "crikit.test/busybox:1", ...(await busyboxImage()) });
  const cri = await connect(runtime.endpoint);
  try {
    const pod = await cri.pods.run({ metadata: { name: "sleeper" }, logDirectory: logs });
    const container = await pod.runContainer({
      metadata: { name: "sleep" },
      image: { image: "crikit.test/busybox:1" },
      command: ["sleep", "1000"],
    });
    return [pod.id, container.id];
  } finally {
    cri.close();
  }
}

function traces(runtime: RuntimeHandle, ids: string[]) {
  return { directory: dirname(runtime.root), network: runtime.network, ids };
}

test("a runtime with a running container is wholly removed on dispose, and its log can still be read", async () => {
  const runtime = await startRuntime();
  const ids = await runSleeper(runtime);
  expect((await findLeaks(traces(runtime, ids))).length).toBeGreaterThan(5);
  await runtime[Symbol.asyncDispose]();
  expect(await findLeaks(traces(runtime, ids))).toEqual([]);
  expect(await runtime.log()).toContain("RunPodSandbox");
});

test("dispose may be called twice", async () => {
  const runtime = await startRuntime();
  await Promise.all([runtime[Symbol.asyncDispose](), runtime[Symbol.asyncDispose]()]);
  expect(existsSync(runtime.root)).toBe(false);
});

test("two runtimes at the same time have networks and images of their own", async () => {
  await using first = await startRuntime();
  await using second = await startRuntime();
  expect(first.network.bridge).not.toBe(second.network.bridge);
  expect(first.network.subnet).not.toBe(second.network.subnet);
  await first.importImage({ ref: "crikit.test/a:1", files: { "/a": "" } });
  await using cri = await connect(second.endpoint);
  expect(await cri.images.list()).toEqual([]);
});

test("a runtime whose daemon was killed is wholly removed on dispose", async () => {
  const runtime = await startRuntime();
  const ids = await runSleeper(runtime);
  process.kill(runtime.pid, "SIGKILL");
  await runtime[Symbol.asyncDispose]();
  expect(await findLeaks(traces(runtime, ids))).toEqual([]);
});

test("a daemon that ends at once fails the start with its last words", async () => {
  const options = JSON.parse('{ "logLevel": "nonsense" }');
  await expect(startRuntime(options)).rejects.toThrow(/ended with code [1-9].*\n.*nonsense/);
});

test("a user without root is told what is needed", async () => {
  const getuid = vi.spyOn(process, "getuid").mockReturnValue(1000);
  await expect(startRuntime()).rejects.toMatchObject({
    code: "permission_denied",
    message: expect.stringContaining("sudo"),
  });
  getuid.mockRestore();
});

test("a start that is aborted throws the signal's reason", async () => {
  const reason = new Error("enough");
  await expect(startRuntime({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a start that takes too long is given up and says so", async () => {
  await expect(startRuntime({ timeoutMs: 1 })).rejects.toThrow(/did not serve within 1 ms/);
});
