import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { sleep } from "../../src/async/abort.js";
import { ContainerState, NamespaceMode } from "../../src/proto.js";
import { until } from "../support/until.js";
import { startRegistry } from "./image/support/registry.js";
import { insides, isAlive } from "./support/insides.js";
import {
  containerConfig,
  podConfig,
  runPod,
  startContainer,
  startReady,
  statusOf,
  trapping,
} from "./support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "./support/test-runtime.js";

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function ended(id: string) {
  await until("the container has ended", async () => {
    return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
  });
  return statusOf(test, id);
}

async function said(id: string): Promise<string> {
  const { logPath } = await ended(id);
  return (await readFile(logPath, "utf8")).replace(/^\S+ stdout F /gm, "");
}

describe("the ID of an image", () => {
  it("is one value in the pull, the lists and the status, of one image from two registries", async () => {
    await using one = await startRegistry();
    await using two = await startRegistry();
    const names = [`${one.host}/a/b:1`, `${two.host}/c:2`];
    for (const name of names) {
      const from = `oci:${join(test.directory, "busybox")}`;
      await promisify(execFile)("skopeo", [
        ...["--insecure-policy", "copy", "--dest-tls-verify=false", from, `docker://${name}`],
      ]);
    }
    const pulled = new Set<string>();
    for (const image of names) pulled.add((await test.images.pullImage({ image: { image } })).imageRef);
    const [ref = ""] = pulled;
    expect(pulled.size).toBe(1);
    for (const image of [...names, ref]) {
      expect((await test.images.imageStatus({ image: { image } })).image?.id).toBe(ref);
    }
    const pod = await runPod(test);
    for (const image of [...names, ref]) {
      const id = await startContainer(test, pod, containerConfig(["true"], { image: { image } }));
      expect(await ended(id)).toMatchObject({ imageId: ref });
      const { containers } = await test.runtime.listContainers({ filter: { id } });
      expect(containers).toMatchObject([{ imageId: ref }]);
    }
  });
});

describe("the environment", () => {
  it("has the pod's name for HOSTNAME and a TERM where there is a terminal, in commands too", async () => {
    const pod = await runPod(test, { hostname: "web-0" });
    // A shell has a HOSTNAME of its own: what counts is what is handed on.
    const command = ["sh", "-c", "env; echo all said; sleep 1000"];
    const environment = async (tty: boolean) => {
      const id = await startContainer(test, pod, containerConfig(command, { tty }));
      const { logPath } = await statusOf(test, id);
      const log = () => readFile(logPath, "utf8");
      await until("it has said all", async () => (await log()).includes("all said"));
      const { stdout } = await test.runtime.execSync({ containerId: id, cmd: ["env"] });
      return [await log(), new TextDecoder().decode(stdout)].map((text) =>
        (text.match(/\b(HOSTNAME|TERM)=\S+/g) ?? []).sort(),
      );
    };
    expect(await environment(false)).toEqual([["HOSTNAME=web-0"], ["HOSTNAME=web-0"]]);
    const both = ["HOSTNAME=web-0", "TERM=xterm"];
    expect(await environment(true)).toEqual([both, both]);
  });

  it("has a working directory that the image lacks, made for it", async () => {
    const pod = await runPod(test);
    const config = containerConfig(["sh", "-c", "pwd; ls -d /made/for/it"], { workingDir: "/made/for/it" });
    expect(await said(await startContainer(test, pod, config))).toBe("/made/for/it\n/made/for/it\n");
  });
});

describe("a group without a user", () => {
  const alone = { runAsGroup: { value: 7n }, namespaceOptions: { pid: NamespaceMode.CONTAINER } };
  const refusal = {
    code: "invalid_argument",
    message: expect.stringMatching(/config\.linux\.security_context\.run_as_group .*run_as_user/),
  };

  it("is refused for a pod, and leaves nothing of it", async () => {
    const config = podConfig(test, { linux: { securityContext: alone } });
    await expect(test.runtime.runPodSandbox({ config })).rejects.toMatchObject(refusal);
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
    expect(await readdir(join(test.config.root, "sandboxes"))).toEqual([]);
  });

  it("is refused for a container, and leaves nothing of it", async () => {
    const podSandboxId = await runPod(test);
    const config = containerConfig(["true"], { linux: { securityContext: alone } });
    await expect(test.runtime.createContainer({ podSandboxId, config })).rejects.toMatchObject(refusal);
    expect((await test.runtime.listContainers({})).containers).toEqual([]);
    expect(await readdir(join(test.config.root, "containers"))).toEqual([]);
  });
});

describe("the time of an end", () => {
  it("is that of the exit, also when it was noticed by a later daemon", async () => {
    const id = await startReady(test, await runPod(test), containerConfig(trapping("'exit 5' TERM")));
    const { initPid, monitorPid } = await insides(test, "containers", id);
    let gone = 0;
    await test.restart(async () => {
      process.kill(initPid, "SIGTERM");
      await until("its monitor has told its end", async () => !(await isAlive(monitorPid)));
      gone = Date.now();
      // Longer than a tick of the clock of files.
      await sleep(50);
    });
    const { exitCode, finishedAt } = await ended(id);
    expect(exitCode).toBe(5);
    expect(Number(finishedAt / 1_000_000n)).toBeLessThanOrEqual(gone);
  });
});

describe("a stop without grace", () => {
  it("kills at once, and sends no signal that could be answered", async () => {
    const pod = await runPod(test);
    const id = await startReady(test, pod, containerConfig(trapping("'echo asked; exit 7' TERM")));
    const { logPath } = await statusOf(test, id);
    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
    expect(await statusOf(test, id)).toMatchObject({ exitCode: 137, reason: "Error" });
    expect(await readFile(logPath, "utf8")).not.toContain("asked");
  });
});
