import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { NamespaceMode } from "../../../src/proto.js";
import { containerConfig, createContainer, podConfig, runPod } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { gids, linux, uids, usernsOptions } from "./ways.js";

const { POD, CONTAINER, TARGET, NODE } = NamespaceMode;
const options = "config.linux.security_context.namespace_options";
const userns = `${options}.userns_options`;

let test: TestRuntime;

beforeAll(async () => {
  const never = { path: "runc", args: [], features: { userNamespaces: false } };
  test = await startTestRuntime({ handlers: { runc: { path: "runc", args: [] }, never } });
  await pullBusybox(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

const asked = (usernsOptions: object, more: object = {}) => ({
  linux: { securityContext: { namespaceOptions: { usernsOptions, ...more } } },
});

const pods = [
  { what: "no mapping", config: asked({ mode: POD }), field: `${userns}.uids` },
  {
    what: "two mappings",
    config: asked({ mode: POD, uids: [uids, { ...uids, hostId: 900_000 }], gids: [gids] }),
    field: `${userns}.uids`,
  },
  { what: "groups that are not mapped", config: asked({ mode: POD, uids: [uids] }), field: `${userns}.gids` },
  {
    what: "no root",
    config: asked({ mode: POD, uids: [{ ...uids, containerId: 1 }], gids: [gids] }),
    field: `${userns}.uids[0].container_id`,
  },
  {
    what: "an empty mapping",
    config: asked({ mode: POD, uids: [uids], gids: [{ ...gids, length: 0 }] }),
    field: `${userns}.gids[0].length`,
  },
  {
    what: "a mapping past the last ID",
    config: asked({ mode: POD, uids: [{ ...uids, hostId: 4_294_900_000, length: 100_000 }], gids: [gids] }),
    field: `${userns}.uids[0].length`,
  },
  { what: "mode CONTAINER", config: asked({ mode: CONTAINER }), field: `${userns}.mode` },
  { what: "mode TARGET", config: asked({ mode: TARGET }), field: `${userns}.mode` },
  {
    what: "mappings without a namespace",
    config: asked({ mode: NODE, uids: [uids] }),
    field: `${userns}.mode`,
  },
  ...(["network", "ipc", "pid"] as const).map((kind) => ({
    what: `the node's ${kind} namespace`,
    config: asked(usernsOptions, { [kind]: NODE }),
    field: `${options}.${kind}`,
  })),
  {
    what: "a user of the pause process that is not mapped",
    config: {
      linux: { securityContext: { ...linux.securityContext, runAsUser: { value: 65_536n } } },
    },
    field: "config.linux.security_context.run_as_user",
  },
];

describe("a pod with a user namespace is refused, and nothing is left of it", () => {
  it.each(pods)("for $what, by its field", async ({ config, field }) => {
    const request = { config: podConfig(test, config) };
    await expect(test.runtime.runPodSandbox(request)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(`${field} `),
    });
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
  });

  it("for a handler that cannot have any", async () => {
    const request = { config: podConfig(test, { linux }), runtimeHandler: "never" };
    await expect(test.runtime.runPodSandbox(request)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/userns_options.*handler never.*handlers.never.features/),
    });
  });
});

describe("a container is refused", () => {
  it.each([
    {
      what: "has others than its pod",
      of: linux,
      config: asked({ ...usernsOptions, uids: [{ ...uids, hostId: 1 }] }),
    },
    { what: "has none, and its pod has", of: linux, config: asked({ mode: NODE }) },
    { what: "says nothing of them, and its pod has one", of: linux, config: { linux: {} } },
    { what: "has one, and its pod has none", of: {}, config: asked(usernsOptions) },
  ])("whose user namespace: it $what", async ({ of, config }) => {
    const pod = await runPod(test, { linux: of });
    const made = createContainer(test, pod, containerConfig(["true"], config));
    await expect(made).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(`${userns} differs from that of the pod`),
    });
    expect((await test.runtime.listContainers({})).containers).toEqual([]);
    await test.runtime.removePodSandbox({ podSandboxId: pod });
  });

  it("whose user or group the pod's user namespace does not have", async () => {
    const pod = await runPod(test, { linux });
    const security = { ...linux.securityContext, runAsUser: { value: 70_000n } };
    const as = (more: object) =>
      createContainer(
        test,
        pod,
        containerConfig(["true"], { linux: { securityContext: { ...security, ...more } } }),
      );
    await expect(as({})).rejects.toThrow(
      "run_as_user is 70000, and the pod's user namespace has IDs below 65536",
    );
    const group = { runAsUser: { value: 1n }, supplementalGroups: [65_536n] };
    await expect(as(group)).rejects.toThrow("supplemental_groups is 65536");
    await test.runtime.removePodSandbox({ podSandboxId: pod });
  });
});

it("A pod with mode NODE has the node's users", async () => {
  const pod = await runPod(test, asked({ mode: NODE }));
  const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
  expect(status?.linux?.namespaces?.options?.usernsOptions?.mode).toBe(NODE);
  await test.runtime.removePodSandbox({ podSandboxId: pod });
});
