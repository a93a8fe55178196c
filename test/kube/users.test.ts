import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManifestError } from "crikit/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftOut, newerRuncPath } from "../left-out.js";
import { image, Lab, shell, sleeping } from "./support/lab.js";

const container = { ...sleeping, name: "web" };
const ownUsers = { hostUsers: false, terminationGracePeriodSeconds: 0, containers: [container] };

/** A runtime with a handler that has user namespaces and one that has none, by its own word. */
let lab: Lab;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-kube-users-"));
  const config = join(directory, "config.yaml");
  await writeFile(
    config,
    JSON.stringify({
      handlers: {
        runc: { path: leftOut.newerRunc ? "runc" : newerRuncPath },
        none: { path: "runc", features: { "user-namespaces": false } },
      },
    }),
  );
  lab = new Lab({ config });
  await lab.start();
});
afterAll(async () => {
  await lab.stop();
  await rm(directory, { recursive: true });
});

/** First and count of what the users of a container are on the host, and so of its groups. */
async function mapOf(app: Awaited<ReturnType<Lab["play"]>>): Promise<[number, number]> {
  const maps = await shell(app, "web", "cat /proc/self/uid_map /proc/self/gid_map");
  const [uids, gids] = maps.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  expect(uids).toEqual(gids);
  expect(uids?.[0]).toBe(0);
  return [uids?.[1] ?? 0, uids?.[2] ?? 0];
}

describe.skipIf(leftOut.newerRunc)("a pod with hostUsers false", () => {
  test("has users of its own, in a range that no other pod has", async () => {
    await using first = await lab.play(ownUsers);
    await using second = await lab.playAny({ metadata: { name: "second" }, spec: ownUsers });
    const [one, count] = await mapOf(first);
    const [other] = await mapOf(second);
    expect(count).toBe(65_536);
    expect([one % 65_536, other % 65_536, one === other]).toEqual([0, 0, false]);
    expect(Math.min(one, other)).toBeGreaterThan(0);
  });

  test("has the range that it is given, with its volumes for its own", async () => {
    const host = await mkdtemp(join(directory, "host-"));
    await writeFile(join(host, "file"), "");
    await using app = await lab.play(
      {
        ...ownUsers,
        securityContext: { fsGroup: 2000 },
        volumes: [
          { name: "data", emptyDir: {} },
          { name: "fast", emptyDir: { medium: "Memory" } },
          { name: "host", hostPath: { path: host } },
          { name: "image", image: { reference: image } },
        ],
        containers: [
          {
            ...container,
            volumeMounts: ["data", "fast", "host", "image"].map((name) => ({ name, mountPath: `/${name}` })),
          },
        ],
      },
      { userRange: { first: 1_000_000, count: 100_000 } },
    );
    expect(await mapOf(app)).toEqual([1_000_000, 100_000]);
    const owners = "stat -c '%u:%g %n' /data /fast /host/file /etc/hosts /dev/termination-log";
    expect(await shell(app, "web", owners)).toBe(
      "0:2000 /data\n0:2000 /fast\n0:0 /host/file\n0:0 /etc/hosts\n0:0 /dev/termination-log",
    );
    await shell(app, "web", "test -x /image/bin/busybox");
    await shell(app, "web", "touch /data/x /fast/x /host/x && chown 5:6 /host/x");
    const made = await stat(join(host, "x"));
    expect([made.uid, made.gid]).toEqual([5, 6]);
  });

  test("keeps them over a new sandbox", async () => {
    await using app = await lab.play(ownUsers, { backoff: { initialMs: 10 } });
    const before = await mapOf(app);
    const { podId } = app.status();
    await lab.cri.pods.get(podId ?? "").stop();
    await expect.poll(() => app.status().podId, { timeout: 30_000 }).not.toBe(podId);
    await app.waitReady({ timeoutMs: 30_000 });
    expect(await mapOf(app)).toEqual(before);
  });
});

test("hostUsers false is refused before anything is made where the handler has no user namespaces", async () => {
  const stock = await lab.stock();
  const error = await lab.play({ ...ownUsers, runtimeClassName: "none" }).catch((failure) => failure);
  expect(error).toBeInstanceOf(ManifestError);
  expect(error).toMatchObject({
    field: "spec.hostUsers",
    problems: [
      { path: "spec.hostUsers", kind: "unsupported", message: expect.stringContaining("handler none") },
    ],
  });
  expect(await lab.stock()).toEqual(stock);
});

test.each([
  [{ first: 0 }, "userRange.first"],
  [{ first: 1.5 }, "userRange.first"],
  [{ first: 65_536, count: 0 }, "userRange.count"],
  [{ first: 4_294_950_000 }, "userRange.count"],
])("the range %j cannot be, and the error names the field", async (userRange, field) => {
  await expect(lab.play(ownUsers, { userRange })).rejects.toMatchObject({ code: "invalid_argument", field });
});
