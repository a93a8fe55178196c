import { tracingChannel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { connect, diagnosticsChannels, type RpcDiagnostics } from "crikit";
import { redact, redactInfo } from "crikit/proto";
import { startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { busyboxImage } from "../../src/testing/busybox-image.js";
import { serveRegistry } from "../../src/testing/registry.js";
import { temporaryDirectory } from "../api/support/serve.js";
import { startContainerd } from "../support/containerd.js";
import { recordSpans } from "./support/spans.js";

const canary = "C4nary-S3cret";
const basic = Buffer.from(`pen:${canary}`).toString("base64");
const credentials = [
  { username: "pen", password: canary },
  { auth: basic },
  { identityToken: canary },
  { registryToken: canary },
];

/** All that a program could write into a log of what the client did. */
const told: unknown[] = [];
let recorded: ReturnType<typeof recordSpans>;
const subscribers = { start: tell, end: tell, asyncStart: tell, asyncEnd: tell, error: tell };
const channels = [diagnosticsChannels.rpc, diagnosticsChannels.session].map((name) => tracingChannel(name));

function tell(payload: object): void {
  told.push(inspect(payload, { depth: 20, getters: true }));
  if ("request" in payload) told.push((payload as RpcDiagnostics).request);
}

beforeEach(() => {
  told.length = 0;
  recorded = recordSpans();
  for (const channel of channels) channel.subscribe(subscribers);
});

afterEach(() => {
  for (const channel of channels) channel.unsubscribe(subscribers);
  recorded[Symbol.dispose]();
});

async function failing(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => expect.fail("The call should have failed"),
    (thrown: unknown) => thrown,
  );
  told.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error));
}

function everything(): string {
  const spans = recorded.spans.map(({ name, attributes, events, status }) => ({
    name,
    attributes,
    events,
    status,
  }));
  return inspect([told, spans], { depth: 20, maxStringLength: null, maxArrayLength: null });
}

test("a runtime that sends the credentials of a pull back is not passed on", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  for (const auth of credentials) {
    const message = `denied: ${basic} pen:${canary} https://pen:${canary}@registry.test/?sig=${canary}`;
    fake.fault("pullImage", { error: "unknown", message });
    await failing(cri.images.pull("registry.test/app:1", { auth }));
  }
  const all = everything();
  for (const form of [canary, basic]) expect(all).not.toContain(form);
  // It was there to be told.
  expect(all).toContain("denied: ");
  expect(
    JSON.stringify(
      fake.calls.map(({ request }) => request),
      bigints,
    ),
  ).toContain(canary);
  expect(JSON.stringify(fake.calls.map(({ request }) => redact(request)))).not.toContain(canary);
  expect(recorded.spans.length).toBeGreaterThan(4);
});

const bigints = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

test("containerd and a registry that says all it was sent: no message, event or span holds a secret", async () => {
  const registry = createServer((request, response) => {
    const sent = request.headers.authorization ?? "";
    const said = `denied: ${sent} ${Buffer.from(sent.replace("Basic ", ""), "base64")}`;
    response.writeHead(sent ? 403 : 401, { "www-authenticate": 'Basic realm="r"' });
    response.end(JSON.stringify({ errors: [{ code: "DENIED", message: said, detail: said }] }));
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  await using _registry = { [Symbol.asyncDispose]: () => closed(registry) };
  await using images = await serveRegistry([{ ref: "crikit.test/busybox:1", ...(await busyboxImage()) }]);
  await using containerd = await startContainerd();
  await using logs = await temporaryDirectory();
  await using cri = await connect(containerd.endpoint, { logRoot: logs.path });
  const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  for (const auth of credentials) await failing(cri.images.pull(`${host}/app:1`, { auth }));

  const { imageRef } = await cri.images.pull(images.ref("crikit.test/busybox:1"));
  await using pod = await cri.pods.run({ metadata: { name: "demo" }, annotations: { note: canary } });
  await using web = await pod.runContainer({
    metadata: { name: "web" },
    image: { image: imageRef },
    command: ["sleep", "60"],
    envs: [{ key: "PASSWORD", value: canary }],
  });
  await failing(
    pod.runContainer({
      metadata: { name: "unstartable" },
      image: { image: imageRef },
      command: ["no-such-program", canary],
      envs: [{ key: "PASSWORD", value: canary }],
    }),
  );
  await failing(web.exec(["no-such-program", canary]));
  const session = await web.spawn(["no-such-program", canary]);
  await failing(session.exited);
  const { raw, info } = await web.status({ verbose: true });
  told.push(redact(raw), redactInfo(info), redactInfo((await cri.info({ verbose: true })).info));

  const all = everything();
  for (const form of [canary, basic]) expect(all).not.toContain(form);
  expect(JSON.stringify(info)).toContain(canary);
  expect(all).toContain("PASSWORD");
});

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
