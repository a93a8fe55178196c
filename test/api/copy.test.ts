import { buffer } from "node:stream/consumers";
import { connect } from "crikit";
import { startFakeRuntime } from "crikit/testing";
import { expect, test } from "vitest";

test("a small file is whole in the container also when its session takes a while to open", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  let received = Buffer.alloc(0);
  fake.onExec("tar", async ({ stdin }) => {
    received = await buffer(stdin);
  });
  fake.fault("exec", { delayMs: 500 });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  await using app = await pod.runContainer({ metadata: { name: "app" }, image: { image: "app:test" } });
  await app.copyIn("/etc/hostname", "/tmp");
  expect(received.includes("hostname")).toBe(true);
});
