import { existsSync } from "node:fs";
import { type CriClient, connect } from "crikit";
import { playPod } from "crikit/kube";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const image = "crikit.test/busybox:1";
let runtime: RuntimeHandle;
let cri: CriClient;

beforeAll(async () => {
  runtime = await startRuntime();
  await runtime.importImage({ ref: image, ...(await busyboxImage()) });
  cri = await connect(runtime.endpoint);
});
afterAll(async () => {
  await cri?.[Symbol.asyncDispose]();
  await runtime?.[Symbol.asyncDispose]();
});

test("a pod of one container runs from YAML, and nothing of it is left", async () => {
  const manifest = `
    apiVersion: v1
    kind: Pod
    metadata: { name: hello }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: ${image}
          command: [sh, -c, 'echo "hello from $NAME"; exec sleep 1000']
          env:
            - { name: NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
  `;
  {
    await using app = await playPod(cri, manifest);
    expect(app.phase).toBe("Running");
    const web = app.container("web");
    for await (const line of web.logs({ follow: true })) {
      expect(line.text).toBe("hello from hello");
      break;
    }
    await app.waitReady();
    expect(app.status().containers).toMatchObject([
      { name: "web", state: "running", ready: true, restarts: 0 },
    ]);
    expect(existsSync((await web.status()).logPath)).toBe(true);
  }
  expect(await cri.pods.list()).toEqual([]);
  expect(await cri.containers.list()).toEqual([]);
});
