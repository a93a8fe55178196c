import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect } from "crikit";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { commandLines } from "../../src/testing/processes.js";
import { findLeaks } from "../support/leaks.js";
import { findAllLeaks } from "../support/owner-process.js";

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

test("a configuration file is taken over, but for where the runtime keeps its things", async () => {
  const file = join(logs, "config.yaml");
  const settings = { root: join(logs, "root"), handlers: { second: { path: "runc" } } };
  await writeFile(file, JSON.stringify({ ...settings, "default-handler": "second" }));
  const runtime = await startRuntime({ config: file });
  await rm(file);
  const ids = await runSleeper(runtime);
  const cri = await connect(runtime.endpoint);
  expect((await cri.pods.get(ids[0] ?? "").status()).handler).toBe("second");
  cri.close();
  await runtime[Symbol.asyncDispose]();
  expect(await findLeaks(traces(runtime, ids))).toEqual([]);
  expect(existsSync(settings.root)).toBe(false);
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

test.each([[{}], [{ kill: true }]])(
  "containers run on when the daemon is restarted with %j",
  async (options) => {
    await using runtime = await startRuntime();
    const [, id = ""] = await runSleeper(runtime);
    const { pid } = runtime;
    await runtime.restart(options);
    expect(runtime.pid).not.toBe(pid);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await using cri = await connect(runtime.endpoint);
    expect((await cri.containers.get(id).exec(["echo", "still here"])).stdout).toBe("still here\n");
    expect(await runtime.log()).toContain("RunPodSandbox");
  },
);

test("a runtime that was disposed of is not restarted", async () => {
  const runtime = await startRuntime();
  await runtime[Symbol.asyncDispose]();
  await expect(runtime.restart()).rejects.toMatchObject({ code: "closed" });
});

describe("a start that fails leaves nothing", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    vi.stubEnv("TMPDIR", directory);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    expect(await findAllLeaks(directory)).toEqual([]);
    await rm(directory, { recursive: true, force: true });
  });

  test("when the daemon ends at once, which is told with its last words", async () => {
    const options = JSON.parse('{ "logLevel": "nonsense" }');
    await expect(startRuntime(options)).rejects.toThrow(/ended with code [1-9].*\n.*nonsense/);
  });

  test("when the daemon hangs", async () => {
    const programs = await mkdtemp(join(tmpdir(), "crikit-programs-"));
    const hanging = `sleep 1000.${process.pid}`;
    await writeFile(join(programs, "flock"), `#!/bin/sh\nexec ${hanging}\n`, { mode: 0o755 });
    vi.stubEnv("PATH", `${programs}:${process.env.PATH}`);
    await expect(startRuntime({ timeoutMs: 3000 })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/did not serve within 3000 ms. Its last words:\n\(nothing\)/),
    });
    await rm(programs, { recursive: true });
    const commands = [...(await commandLines()).values()].map((command) => command.replaceAll("\0", " "));
    expect(commands.filter((command) => command.includes(hanging))).toEqual([]);
  });

  test.each([0, 20, 100, 200, 400])("when it is given up after %i ms", async (delayMs) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), delayMs);
    // A machine may be fast enough to have it ready by then.
    await startRuntime({ signal: controller.signal }).then(
      (runtime) => runtime[Symbol.asyncDispose](),
      (error) => expect(error).toBe(reason),
    );
  });

  test("when it was given up before it began", async () => {
    const reason = new Error("enough");
    await expect(startRuntime({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("when it takes too long, which is told", async () => {
    await expect(startRuntime({ timeoutMs: 1 })).rejects.toThrow(/did not serve within 1 ms/);
  });

  test("when the user is not root, who is told what is needed", async () => {
    const getuid = vi.spyOn(process, "getuid").mockReturnValue(1000);
    await expect(startRuntime()).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("sudo"),
    });
    getuid.mockRestore();
  });

  test("when the machine is not Linux, which is named", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
    Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
    try {
      await expect(startRuntime()).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringMatching(/this is darwin: run it in a Linux machine or container/),
      });
    } finally {
      Object.defineProperty(process, "platform", platform);
    }
  });
});
