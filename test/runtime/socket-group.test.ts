import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { groupId } from "../../src/runtime/adapters/host/group-id.js";
import { createRuntime, purgeRuntime, type RuntimeConfig } from "../../src/runtime/index.js";
import { createLogger } from "../../src/runtime/log.js";
import { claimNetwork, type NetworkClaim } from "../../src/testing/network-claim.js";

const log = createLogger("error", () => {});
const gid = 47_110;
let directory: string;
let network: NetworkClaim;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-group-"));
  await chmod(directory, 0o755);
  network = await claimNetwork(directory);
});

afterEach(async () => {
  expect(await purgeRuntime(config(), { log })).toBe(true);
  await network.release();
  await rm(directory, { recursive: true });
});

function config(more: Partial<RuntimeConfig> = {}): Partial<RuntimeConfig> {
  const [root, state] = [join(directory, "root"), join(directory, "state")];
  const { bridge, subnet } = network;
  return { root, state, listen: join(state, "s"), bridge, subnet, ...more };
}

/** Whether a user who is not root can connect. */
async function canConnect(group: number): Promise<boolean> {
  const script = `require("net").connect("${join(directory, "state/s")}").on("connect", () => process.exit(0)).on("error", () => process.exit(1))`;
  const client = spawn("setpriv", [
    ...["--reuid", "65534", "--regid", String(group), "--clear-groups"],
    ...[process.execPath, "-e", script],
  ]);
  const [exitCode] = await once(client, "exit");
  return exitCode === 0;
}

describe("The socket", () => {
  it("is open to the group that the configuration names, and to nobody else", async () => {
    const runtime = createRuntime(config({ socketGroup: String(gid) }), { log });
    await runtime.listen();
    expect(await canConnect(gid)).toBe(true);
    expect(await canConnect(65_534)).toBe(false);
    expect((await stat(join(directory, "state/s"))).mode & 0o777).toBe(0o660);
    await runtime.close();
    const closed = createRuntime(config(), { log });
    await closed.listen();
    expect(await canConnect(gid)).toBe(false);
    expect((await stat(join(directory, "state/s"))).mode & 0o777).toBe(0o600);
    await closed.close();
  });

  it("is not served when there is no such group", async () => {
    const runtime = createRuntime(config({ socketGroup: "no-such-group" }), { log });
    await expect(runtime.listen()).rejects.toThrow('socket-group: there is no group "no-such-group"');
  });
});

it("A group is known by its name and by its number", async () => {
  expect(await groupId("root")).toBe(0);
  expect(await groupId("4711")).toBe(4711);
  expect(await groupId("no-such-group")).toBeUndefined();
});
