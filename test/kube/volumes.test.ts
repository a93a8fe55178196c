import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { image, shell, sleeping, useRuntime } from "./support/lab.js";

const lab = useRuntime();
let directory: string;
let host: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-kube-test-"));
  host = await mkdtemp(join(tmpdir(), "crikit-kube-host-"));
});
afterEach(async () => {
  expect(await mountsBelow(directory)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
  await rm(host, { recursive: true });
});

async function mountsBelow(path: string): Promise<string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.split("\n").filter((line) => line.includes(path));
}

test("an emptyDir is shared by the containers, open to all, and gone with the pod", async () => {
  await using app = await lab.play(
    {
      volumes: [
        { name: "shared", emptyDir: {} },
        { name: "fast", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      ],
      initContainers: [
        {
          name: "fill",
          image,
          command: ["sh", "-c", "echo from-init > /data/file"],
          volumeMounts: [{ name: "shared", mountPath: "/data" }],
          securityContext: { runAsUser: 1000 },
        },
      ],
      containers: [
        {
          ...sleeping,
          name: "web",
          volumeMounts: [
            { name: "shared", mountPath: "/in", readOnly: true },
            { name: "fast", mountPath: "/fast" },
          ],
        },
      ],
    },
    { directory },
  );
  expect(await shell(app, "web", "cat /in/file")).toBe("from-init");
  expect(await shell(app, "web", "touch /in/x 2>&1 || true")).toContain("Read-only");
  expect(await shell(app, "web", "mount | grep ' /fast '")).toMatch(/tmpfs.*size=1024k/);
  expect(await shell(app, "web", "dd if=/dev/zero of=/fast/x bs=1M count=2 2>&1 || true")).toContain(
    "No space",
  );
});

test("volumes of ConfigMaps, Secrets and the pod's own fields are files, with their modes and groups", async () => {
  await using app = await lab.playAny(
    `
kind: ConfigMap
metadata: { name: settings }
data: { a.conf: "x=1", b.conf: "y=2" }
binaryData: { raw: AAEC }
---
kind: Secret
metadata: { name: key }
stringData: { token: s3cret }
---
kind: Pod
metadata: { name: app, labels: { tier: test } }
spec:
  terminationGracePeriodSeconds: 0
  securityContext: { fsGroup: 2000, runAsUser: 1000, runAsGroup: 1000 }
  volumes:
    - { name: all, configMap: { name: settings, defaultMode: 0640 } }
    - { name: some, configMap: { name: settings, items: [{ key: b.conf, path: deep/er/b, mode: 0400 }] } }
    - { name: key, secret: { secretName: key, defaultMode: 0400 } }
    - { name: none, secret: { secretName: missing, optional: true } }
    - name: pod
      projected:
        sources:
          - downwardAPI:
              items:
                - { path: labels, fieldRef: { fieldPath: metadata.labels } }
                - { path: memory, resourceFieldRef: { containerName: web, resource: limits.memory, divisor: 1Mi } }
          - secret: { name: key, items: [{ key: token, path: t }] }
  containers:
    - name: web
      image: ${image}
      command: [sleep, "1000"]
      resources: { limits: { memory: 64Mi } }
      volumeMounts:
        - { name: all, mountPath: /all }
        - { name: some, mountPath: /some }
        - { name: key, mountPath: /key }
        - { name: none, mountPath: /none }
        - { name: pod, mountPath: /pod }
        - { name: all, mountPath: /etc/a.conf, subPath: a.conf }
`,
    { directory },
  );
  expect(await shell(app, "web", "cd /all; ls; cat a.conf; od -An -tx1 raw")).toBe(
    "a.conf\nb.conf\nraw\nx=1 00 01 02",
  );
  expect(await shell(app, "web", "stat -c '%a %g' /all/a.conf /some/deep/er/b /key/token")).toBe(
    "640 2000\n440 2000\n440 2000",
  );
  expect(await shell(app, "web", "cat /some/deep/er/b /key/token")).toBe("y=2s3cret");
  expect(await shell(app, "web", "ls /none")).toBe("");
  expect(await shell(app, "web", "cat /pod/labels; echo; cat /pod/memory /pod/t")).toBe(
    'tier="test"\n64s3cret',
  );
  expect(await shell(app, "web", "cat /etc/a.conf")).toBe("x=1");
  expect(await shell(app, "web", "id -G")).toBe("1000 2000");
  expect(await shell(app, "web", "touch /all/x 2>&1 || true")).toContain("Read-only");
  // Secrets are on no disk.
  expect(
    (await mountsBelow(directory)).filter((line) => line.includes("- tmpfs")).length,
  ).toBeGreaterThanOrEqual(2);
});

test("a subPath is made where it is missing, and by an expression of variables", async () => {
  await using app = await lab.play(
    {
      volumes: [{ name: "data", emptyDir: {} }],
      containers: [
        {
          ...sleeping,
          name: "web",
          env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          volumeMounts: [
            { name: "data", mountPath: "/whole" },
            { name: "data", mountPath: "/part", subPath: "a/b" },
            { name: "data", mountPath: "/own", subPathExpr: "pods/$(POD)" },
          ],
        },
      ],
    },
    { directory },
  );
  await shell(app, "web", "echo 1 > /part/x; echo 2 > /own/y");
  expect(await shell(app, "web", "cd /whole; find . -type f | sort; stat -c %a a/b")).toBe(
    "./a/b/x\n./pods/app/y\n777",
  );
});

test("a symbolic link in a volume cannot lead a subPath out of it", async () => {
  await writeFile(join(host, "secret"), "of the host");
  const spec = (target: string) => ({
    volumes: [{ name: "data", emptyDir: {} }],
    initContainers: [
      {
        name: "evil",
        image,
        command: ["ln", "-s", target, "/data/link"],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    containers: [
      { ...sleeping, name: "web", volumeMounts: [{ name: "data", mountPath: "/in", subPath: "link/file" }] },
    ],
  });
  for (const target of [host, "../../../..", "/etc", "/nowhere/yet"]) {
    await expect(lab.play(spec(target), { directory })).rejects.toThrow(
      "Container web could not be started: subPath link/file leads out of its volume",
    );
  }
  expect(await readdir(host)).toEqual(["secret"]);
  // One that stays inside counts.
  await using app = await lab.play(spec("."), { directory });
  expect(await shell(app, "web", "ls /in")).toBe("");
});

test("a hostPath is the host's own, checked or made as its type says, and stays", async () => {
  await mkdir(join(host, "there"));
  await symlink(join(host, "there"), join(host, "link"));
  const mounted = (path: string, type: string) =>
    lab.play(
      {
        volumes: [{ name: "host", hostPath: { path: join(host, path), type } }],
        containers: [{ ...sleeping, name: "web", volumeMounts: [{ name: "host", mountPath: "/host" }] }],
      },
      { directory },
    );
  {
    await using app = await mounted("made/here", "DirectoryOrCreate");
    await shell(app, "web", "echo kept > /host/file");
  }
  expect(await readFile(join(host, "made/here/file"), "utf8")).toBe("kept\n");
  {
    await using _ = await mounted("new-file", "FileOrCreate");
  }
  expect((await stat(join(host, "new-file"))).isFile()).toBe(true);
  await expect(mounted("there", "File")).rejects.toThrow(/is no File: something else is there/);
  await expect(mounted("nowhere", "Directory")).rejects.toThrow(/is no Directory: nothing is there/);
});

test("the pod's hosts file has its own name and its aliases", async () => {
  await using app = await lab.play(
    {
      hostname: "myhost",
      hostAliases: [{ ip: "10.1.2.3", hostnames: ["db", "db.local"] }],
      containers: [{ ...sleeping, name: "web" }],
    },
    { directory },
  );
  const { ips } = app.status();
  const text = await shell(app, "web", "cat /etc/hosts");
  expect(text).toContain(`${ips[0]}\tmyhost`);
  expect(text).toContain("10.1.2.3\tdb\tdb.local");
  expect(await shell(app, "web", "hostname")).toBe("myhost");
});

test("the last words of a container are its message, from its file or the end of its log", async () => {
  await using app = await lab.play(
    {
      restartPolicy: "Never",
      containers: [
        { name: "file", image, command: ["sh", "-c", "echo no database > /dev/termination-log; exit 1"] },
        {
          name: "log",
          image,
          command: ["sh", "-c", "echo one; echo two; exit 2"],
          terminationMessagePolicy: "FallbackToLogsOnError",
        },
      ],
    },
    { directory },
  );
  expect(await app.wait()).toMatchObject({ phase: "Failed" });
  expect(app.status().containers.map(({ message }) => message)).toEqual(["no database", "one\ntwo"]);
});

test("an image is a volume that cannot be written, whole or by a path in it", async () => {
  const ref = "crikit.test/models:1";
  await lab.runtime.importImage({ ref, files: { "/models/small": "a model\n", "/top": "top\n" } });
  await using app = await lab.play(
    {
      volumes: [{ name: "models", image: { reference: ref, pullPolicy: "Never" } }],
      containers: [
        {
          ...sleeping,
          name: "web",
          env: [{ name: "PART", value: "models" }],
          volumeMounts: [
            { name: "models", mountPath: "/all" },
            { name: "models", mountPath: "part", subPathExpr: "$(PART)", readOnly: true },
          ],
        },
      ],
    },
    { directory },
  );
  expect(await shell(app, "web", "cat /all/top /part/small")).toBe("top\na model");
  expect(await shell(app, "web", "touch /all/x 2>&1 || true")).toContain("Read-only");
});

test("a path that an image does not have, and an image that may not be pulled, are told", async () => {
  const ref = "crikit.test/models:2";
  await lab.runtime.importImage({ ref, files: { "/file": "" } });
  const play = (reference: string, subPath?: string) =>
    lab.play(
      {
        volumes: [{ name: "models", image: { reference, pullPolicy: "Never" } }],
        containers: [
          { ...sleeping, name: "web", volumeMounts: [{ name: "models", mountPath: "/v", subPath }] },
        ],
      },
      { directory },
    );
  await expect(play(ref, "absent")).rejects.toMatchObject({ code: "image_volume_mount_failed" });
  await expect(play("crikit.test/nowhere:1")).rejects.toMatchObject({ code: "image_never_pull" });
  const propagated = lab.play({
    volumes: [{ name: "models", image: { reference: ref } }],
    containers: [
      {
        ...sleeping,
        name: "web",
        volumeMounts: [{ name: "models", mountPath: "/v", mountPropagation: "HostToContainer" }],
      },
    ],
  });
  await expect(propagated).rejects.toThrow("nothing is ever mounted in an image");
});
