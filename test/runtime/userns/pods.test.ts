import { chown, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { unmountBelow } from "../../../src/runtime/adapters/mounts.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { tarOf } from "../container/support/tar-of.js";
import { archiveLayer, image, layer, push } from "../image/support/images.js";
import { type Registry, startRegistry } from "../image/support/registry.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { gids, linux, namespaceOptions, uids, ways } from "./ways.js";

const path = process.env.PATH;

describe.each(ways.filter(({ leftOut }) => !leftOut))(
  "a pod with a user namespace, its files $name",
  (way) => {
    let directory: string;
    let test: TestRuntime;
    let registry: Registry;
    let reference: string;
    let pod: string;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "crikit-userns-"));
      process.env.PATH = await way.path(directory);
      test = await startTestRuntime({ handlers: way.handlers });
      registry = await startRegistry();
      const base = await layer((await busyboxImage()).files);
      const owned = archiveLayer(
        await tarOf(`mkdir -p etc data suid cap plain
        printf 'root:x:0:0::/:/bin/sh\\napp:x:1000:1001::/:/bin/sh\\n' > etc/passwd
        echo content > data/file && ln data/file data/hard && ln -s file data/soft && chown -hR 7:8 data
        echo far > data/far && chown 70000:70000 data/far
        for at in suid cap plain; do cp "$(command -v busybox)" $at/ping; chmod 755 $at/ping; done
        chmod 4755 suid/ping && setcap cap_net_raw+ep cap/ping`),
        "gzip",
      );
      const config = { User: "app", Volumes: { "/declared": {} } };
      reference = await push(registry.host, "userns/a:1", image([base, owned], { config }));
      await test.images.pullImage({ image: { image: reference } });
      pod = await runPod(test, { linux });
    });

    afterAll(async () => {
      process.env.PATH = path;
      await registry[Symbol.asyncDispose]();
      expect(await test.end()).toEqual([]);
      await rm(directory, { recursive: true });
    });

    const asRoot = { securityContext: { namespaceOptions, runAsUser: { value: 0n } } };
    const config = (more: Parameters<typeof containerConfig>[1] = {}, command = ["sleep", "1000"]) =>
      containerConfig(command, { image: { image: reference }, linux: asRoot, ...more });

    async function run(containerId: string, script: string): Promise<string> {
      const { stdout, stderr } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script] });
      return Buffer.concat([stdout, stderr]).toString();
    }

    async function pidOf(containerId: string): Promise<number> {
      const { info } = await test.runtime.containerStatus({ containerId, verbose: true });
      return JSON.parse(info.info ?? "{}").pid;
    }

    it("has root that on the node is somebody else, in every process", async () => {
      const id = await startContainer(test, pod, config());
      expect((await run(id, "cat /proc/self/uid_map /proc/self/gid_map; id -u")).split(/\s+/)).toEqual([
        "",
        "0",
        "200000",
        "65536",
        "0",
        "300000",
        "65536",
        "0",
        "",
      ]);
      const status = await readFile(`/proc/${await pidOf(id)}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t200000\t200000\t200000\t200000$/m);
      expect(status).toMatch(/^Gid:\t300000\t300000\t300000\t300000$/m);
    });

    it("runs as the user of the image, and tells that one", async () => {
      const id = await startContainer(test, pod, config({ linux }));
      expect(await run(id, "id -u; id -g; touch /data/x 2>&1 | grep -o 'Permission denied'")).toBe(
        "1000\n1001\nPermission denied\n",
      );
      const status = await readFile(`/proc/${await pidOf(id)}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t201000/m);
      expect((await statusOf(test, id)).user?.linux).toMatchObject({ uid: 1000n, gid: 1001n });
    });

    it("has files whose owners are those of the image", async () => {
      const id = await startContainer(test, pod, config());
      expect(await run(id, "stat -c '%u:%g %n' / /data /data/file /data/soft /bin/busybox /tmp")).toBe(
        "0:0 /\n7:8 /data\n7:8 /data/file\n7:8 /data/soft\n0:0 /bin/busybox\n0:0 /tmp\n",
      );
      // Somebody whom the mapping does not know.
      expect(await run(id, "stat -c %u /data/far")).toBe("65534\n");
      expect(
        await run(
          id,
          "echo mine > /data/file && chown 5:6 /data/file && cat /data/file && stat -c %u:%g /data/file",
        ),
      ).toBe("mine\n5:6\n");
      const upper = await stat(join(test.config.root, "containers", id, "upper/data/file"));
      expect([upper.uid, upper.gid]).toEqual([200_005, 300_006]);
      const other = await startContainer(test, pod, config());
      expect(await run(other, "cat /data/file; stat -c %u:%g /data/file")).toBe("content\n7:8\n");
    });

    it("has programs that become root, or may more, when anybody runs them", async () => {
      const id = await startContainer(test, pod, config({ linux }));
      const ping = (at: string) =>
        run(id, `/${at}/ping -c 1 127.0.0.1 >/dev/null 2>&1 && echo answered || echo not`);
      expect(await run(id, "stat -c %a /suid/ping")).toBe("4755\n");
      expect(await Promise.all(["suid", "cap", "plain"].map(ping))).toEqual([
        "answered\n",
        "answered\n",
        "not\n",
      ]);
    });

    it("has the pod's files and the image's volumes for its own", async () => {
      const id = await startContainer(test, pod, config());
      const files = "/etc/hosts /etc/resolv.conf /etc/hostname /dev/shm /declared";
      expect(await run(id, `stat -c %u:%g ${files}`)).toBe("0:0\n".repeat(5));
      expect(
        await run(id, "echo 1.2.3.4 other >> /etc/hosts && touch /dev/shm/x /declared/x && ls /declared"),
      ).toBe("x\n");
      const other = await startContainer(
        test,
        pod,
        config({
          linux: { ...asRoot, securityContext: { ...asRoot.securityContext, readonlyRootfs: true } },
        }),
      );
      expect(await run(other, "grep -c other /etc/hosts; ls /dev/shm; touch /etc/hosts")).toMatch(
        /^1\nx\n.*Read-only/,
      );
    });

    it("has a network that its root rules, and nobody else's", async () => {
      const capabilities = { addCapabilities: ["NET_ADMIN", "SYS_ADMIN"] };
      const admin = { securityContext: { ...asRoot.securityContext, capabilities } };
      const id = await startContainer(test, pod, config({ linux: admin }));
      expect(await run(id, "ip link add more type bridge && ip link show more | grep -c more")).toBe("1\n");
      expect(await run(id, "ls /sys/class/net | grep -c eth0; hostname other && hostname")).toBe(
        "1\nother\n",
      );
      expect(
        await run(id, "echo 1 > /proc/sys/vm/swappiness; date -s 2001-01-01 >/dev/null; mknod /tmp/x c 1 3"),
      ).toMatch(/swappiness: Permission denied\n.*not permitted\n.*not permitted/);
      const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
      expect(status?.network?.ip).not.toBe("");
      const server = await startContainer(test, pod, config({}, ["sh", "-c", "echo hello | nc -l -p 80"]));
      expect(await run(id, "sleep 0.3; nc 127.0.0.1 80 </dev/null")).toBe("hello\n");
      await test.runtime.removeContainer({ containerId: server });
    });

    it("has the kernel settings that it asks for", async () => {
      const sysctls = { "net.ipv4.ip_unprivileged_port_start": "7", "kernel.shm_rmid_forced": "1" };
      const tuned = await runPod(test, { linux: { ...linux, sysctls } });
      const id = await startContainer(test, tuned, config());
      expect(
        await run(id, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced"),
      ).toBe("7\n1\n");
      await test.runtime.removePodSandbox({ podSandboxId: tuned });
    });

    it("gives its containers devices of the node, to use and not to make", async () => {
      const devices = [{ hostPath: "/dev/zero", containerPath: "/dev/mine", permissions: "rw" }];
      const id = await startContainer(test, pod, config({ devices }));
      expect(
        await run(id, "head -c 4 /dev/mine | wc -c; echo x > /dev/null; head -c 2 /dev/urandom | wc -c"),
      ).toBe("4\n2\n");
      expect(await run(id, "mknod /tmp/zero c 1 5")).toContain("not permitted");
    });

    it("can be privileged, which reaches no further than its namespaces", async () => {
      const security = { ...linux.securityContext, privileged: true };
      const privileged = await runPod(test, { linux: { securityContext: security } });
      const id = await startContainer(
        test,
        privileged,
        config({ linux: { securityContext: { ...asRoot.securityContext, privileged: true } } }),
      );
      expect(await run(id, "mount -t tmpfs none /tmp && echo mounted")).toBe("mounted\n");
      expect(await run(id, "echo 1 > /proc/sys/vm/swappiness")).toMatch(/denied|Read-only/);
      await test.runtime.removePodSandbox({ podSandboxId: privileged });
    });

    it("writes its logs as root of the node", async () => {
      const id = await startContainer(test, pod, config({}, ["echo", "said"]));
      const { logPath } = await statusOf(test, id);
      await expect.poll(() => readFile(logPath, "utf8")).toContain("said");
      expect((await stat(logPath)).uid).toBe(0);
    });

    it("has no way for others of the node to its files", async () => {
      const id = await createContainer(test, pod, config());
      for (const directory of [
        join(test.config.state, "containers", id),
        join(test.config.state, "sandboxes", pod),
      ]) {
        const { uid, gid, mode } = await stat(directory);
        expect([uid, gid, mode & 0o777]).toEqual([0, gids.hostId, 0o710]);
      }
    });

    it("maps the owners of a volume, or is told which field asks for what its OCI runtime cannot", async () => {
      const volume = await mkdtemp(join(directory, "volume-"));
      await writeFile(join(volume, "file"), "");
      await chown(join(volume, "file"), 33, 44);
      const mount = {
        ...{ containerPath: "/volume", hostPath: volume },
        ...{ uidMappings: [uids], gidMappings: [gids] },
      };
      const { runtimeHandlers } = await test.runtime.status({});
      const canMap = runtimeHandlers.some(({ features }) => features?.userNamespaces);
      if (way.name === "idmapped") expect(canMap).toBe(true);
      if (!canMap) {
        await expect(createContainer(test, pod, config({ mounts: [mount] }))).rejects.toMatchObject({
          code: "invalid_argument",
          message: expect.stringMatching(/config.mounts\[0\].uidMappings is set.*runc 1.2/),
        });
        return;
      }
      const id = await startContainer(test, pod, config({ mounts: [mount] }));
      expect(await run(id, "stat -c %u:%g /volume/file; touch /volume/new && chown 5:6 /volume/new")).toBe(
        "33:44\n",
      );
      const made = await stat(join(volume, "new"));
      expect([made.uid, made.gid]).toEqual([5, 6]);
    });

    it("leaves the owners of a volume that is not mapped as they are", async () => {
      const volume = await mkdtemp(join(directory, "plain-"));
      const id = await startContainer(
        test,
        pod,
        config({ mounts: [{ containerPath: "/volume", hostPath: volume }] }),
      );
      expect(await run(id, "stat -c %u:%g /volume")).toBe("65534:65534\n");
    });

    it("is there still with all that it wrote when the node was started anew", async () => {
      const id = await createContainer(test, pod, config());
      const { rootfs } = { rootfs: join(test.config.state, "containers", id, "rootfs") };
      await writeFile(join(rootfs, "data/written"), "");
      await chown(join(rootfs, "data/written"), 200_003, 300_004);
      await test.restart(() => unmountBelow(rootfs));
      await test.runtime.startContainer({ containerId: id });
      expect(await run(id, "stat -c '%u:%g' /data/written /data/file")).toBe("3:4\n7:8\n");
    });

    it("says how its files get their owners, and why it has no checkpoint", async () => {
      const { info } = await test.runtime.status({ verbose: true });
      expect(JSON.parse(info.config ?? "{}").ownerMapping).toBe(way.name);
      const containerId = await startContainer(test, pod, config());
      const asked = test.runtime.checkpointContainer({
        containerId,
        location: join(directory, "checkpoint"),
      });
      await expect(asked).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("has a user namespace"),
      });
    });

    it("is served through its whole life by a daemon that came later", async () => {
      const id = await startContainer(test, pod, config());
      await test.restart();
      expect(await run(id, "id -u")).toBe("0\n");
      const later = await startContainer(test, pod, config());
      expect(await run(later, "stat -c %u /data")).toBe("7\n");
      expect(
        (await test.runtime.containerStats({ containerId: id })).stats?.memory?.workingSetBytes?.value,
      ).toBeGreaterThan(0n);
    });
  },
);
