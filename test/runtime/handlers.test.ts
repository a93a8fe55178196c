import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, it } from "vitest";

import { defaultConfig, type HandlerConfig } from "../../src/runtime/index.js";
import { leftOut, newerRuncPath } from "../left-out.js";
import { containerConfig, podConfig, startContainer } from "./support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "./support/test-runtime.js";

const runc = defaultConfig.handlers.runc as HandlerConfig;
let directory: string;

async function runcMapsVolumes(): Promise<boolean> {
  const { stdout } = await promisify(execFile)("runc", ["features"]);
  return JSON.parse(stdout).linux.mountExtensions?.idmap?.enabled ?? false;
}
let test: TestRuntime;

// An OCI runtime of another name, with an argument of its own, that writes down how it is called.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-handler-"));
  const path = join(directory, "other");
  const script = `#!/bin/sh
echo "$@" >> ${directory}/calls
for word; do shift; [ "$word" = --other ] || set -- "$@" "$word"; done
exec runc "$@"
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  const features = { recursiveReadOnlyMounts: false };
  const handlers = {
    runc,
    other: { path, args: ["--other"], features },
    ...(!leftOut.newerRunc && { newer: { path: newerRuncPath, args: [] } }),
    // It knows no command, so it says of nothing that it can do it.
    mute: { path: "true", args: [] },
  };
  test = await startTestRuntime({ handlers });
  await pullBusybox(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
  await rm(directory, { recursive: true });
});

it.skipIf(leftOut.newerRunc)(
  "Each handler tells what its program can do, but for what the configuration says",
  async () => {
    const { runtimeHandlers } = await test.runtime.status({});
    const shown = runtimeHandlers.map(({ name, features }) => [name, features?.recursiveReadOnlyMounts]);
    expect(Object.fromEntries(shown)).toEqual({
      "": true,
      runc: true,
      other: false,
      newer: true,
      mute: false,
    });
    const withUserNamespaces = runtimeHandlers.filter(({ features }) => features?.userNamespaces);
    const canMap = (await runcMapsVolumes()) ? ["", "other", "runc"] : [];
    expect(withUserNamespaces.map(({ name }) => name).sort()).toEqual(["newer", ...canMap].sort());
  },
);

it("A pod that asks for a handler is run by its program, with its arguments, all its life", async () => {
  const config = podConfig(test);
  const { podSandboxId } = await test.runtime.runPodSandbox({ config, runtimeHandler: "other" });
  const containerId = await startContainer(test, podSandboxId, containerConfig(["sleep", "60"]));
  await test.runtime.execSync({ containerId, cmd: ["true"], timeout: 10n });
  const { status } = await test.runtime.podSandboxStatus({ podSandboxId });
  expect(status?.runtimeHandler).toBe("other");
  await test.runtime.removePodSandbox({ podSandboxId });
  const calls = (await readFile(join(directory, "calls"), "utf8")).trim().split("\n");
  for (const call of calls) expect(call).toContain("--other");
  const commands = calls.map((call) => /\b(create|start|exec|kill|delete)\b/.exec(call)?.[0]);
  expect(commands).toEqual(expect.arrayContaining(["create", "start", "exec", "delete"]));
});
