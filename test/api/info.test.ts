import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import { CgroupDriver } from "../../src/proto.js";
import {
  type RuntimeImpl,
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "./support/serve.js";

const told = {
  config: '{"stateDir": "/run/x", "plugins": {"a": [1, 2]}}',
  golang: '"go1.26"',
  version: "1.10",
  lastStatus: "OK",
  torn: '{"half": ',
};
const parsed = {
  config: { stateDir: "/run/x", plugins: { a: [1, 2] } },
  golang: "go1.26",
  version: "1.10",
  lastStatus: "OK",
  torn: '{"half": ',
};

let directory: TemporaryDirectory;
let server: Served | undefined;
let cri: CriClient;
let proposed: (string | undefined)[];

async function serveRuntime(over: RuntimeImpl): Promise<void> {
  server = await serve(join(directory.path, "cri.sock"), { ...versionOf("fake"), ...over });
  cri = await connect(server.endpoint);
}

beforeEach(async () => {
  proposed = [];
  directory = await temporaryDirectory();
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("verbose answers are parsed where they are JSON, and other text stays as it is", async () => {
  const infoOf = ({ verbose }: { verbose: boolean }) => (verbose ? { info: told } : {});
  await serveRuntime({ status: infoOf, containerStatus: infoOf, podSandboxStatus: infoOf });
  const verbose = true;
  for (const { info, raw } of [
    await cri.info({ verbose }),
    await cri.containers.get("1").status({ verbose }),
    await cri.pods.get("1").status({ verbose }),
  ]) {
    expect(info).toEqual(parsed);
    expect(raw.info).toEqual(told);
  }
  expect((await cri.info()).info).toEqual({});
});

test.each([
  [CgroupDriver.SYSTEMD, "systemd"],
  [CgroupDriver.CGROUPFS, "cgroupfs"],
])("the cgroup driver %i is %s", async (cgroupDriver, name) => {
  await serveRuntime({ runtimeConfig: () => ({ linux: { cgroupDriver } }) });
  expect((await cri.runtimeConfig()).cgroupDriver).toBe(name);
});

test("a runtime without control groups has no driver for them", async () => {
  await serveRuntime({ runtimeConfig: () => ({}) });
  expect((await cri.runtimeConfig()).cgroupDriver).toBeUndefined();
});

test("pod addresses are proposed in the contract's words, and nonsense is refused before the call", async () => {
  await serveRuntime({
    updateRuntimeConfig: ({ runtimeConfig }) => {
      proposed.push(runtimeConfig?.networkConfig?.podCidr);
      return {};
    },
  });
  await cri.updateRuntimeConfig({ podCidr: "10.244.1.0/24" });
  await cri.updateRuntimeConfig({ podCidr: "10.244.1.0/24, fd00:10:244::/64" });
  for (const podCidr of [
    "",
    "10.244.1.0",
    "10.244.1.0/33",
    "10.244.1.0/24/1",
    "fd00::/129",
    "a/8",
    "1.2.3.4/-1",
  ]) {
    await expect(cri.updateRuntimeConfig({ podCidr })).rejects.toMatchObject({
      code: "invalid_argument",
      field: "podCidr",
    });
  }
  expect(proposed).toEqual(["10.244.1.0/24", "10.244.1.0/24,fd00:10:244::/64"]);
});
