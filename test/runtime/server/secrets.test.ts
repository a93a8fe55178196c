import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { CriError } from "../../../src/errors.js";
import { ImageService, RuntimeService } from "../../../src/proto.js";
import { createLogger } from "../../../src/runtime/log.js";
import { instrument } from "../../../src/runtime/server/instrument.js";
import { containerConfig, createContainer, podConfig, runPod } from "../support/pods.js";
import { busybox, pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const secret = "S3cr3t-M4rk";
const encoded = Buffer.from(secret).toString("base64").slice(0, 12);

/** A request with all that it can say, secrets where there can be any. */
function filled(desc: DescMessage, depth = 0): Message {
  const message = create(desc);
  const reflected = reflect(desc, message);
  for (const field of desc.fields) {
    const { fieldKind } = field;
    if (fieldKind === "scalar") {
      if (field.scalar === 9) reflected.set(field, field.proto.options?.debugRedact ? secret : "shown");
      if (field.scalar === 12) reflected.set(field, Buffer.from(secret));
    } else if (fieldKind === "message" && depth < 6) {
      reflected.set(field, reflect(field.message, filled(field.message, depth + 1)));
    } else if (fieldKind === "list") addItem(reflected.get(field), field, depth);
    else if (fieldKind === "map" && field.mapKind === "scalar") {
      reflected.get(field).set("key", field.name === "annotations" ? secret : "shown");
    }
  }
  return message;
}

function addItem(
  list: { add(item: unknown): unknown },
  field: DescField & { fieldKind: "list" },
  depth: number,
) {
  if (field.listKind === "message" && depth < 6) {
    list.add(reflect(field.message, filled(field.message, depth + 1)));
  } else if (field.listKind === "scalar" && field.scalar === 9) {
    if (field.name !== "args") list.add("shown");
    if (["command", "args", "cmd"].includes(field.name)) list.add(`--password=${secret}`);
  }
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

describe("The log of a request with secrets wherever there can be any", () => {
  const methods = [RuntimeService, ImageService].flatMap((service) =>
    service.methods.map((method) => ({ name: method.name, service, method })),
  );

  it.each(methods)("shows none of them: $name", async ({ service, method }) => {
    const lines: string[] = [];
    const log = createLogger("debug", (line) => lines.push(line));
    const refuse = () => {
      throw new CriError("internal", "Refused");
    };
    const rpcs = Object.fromEntries(service.methods.map(({ localName }) => [localName, refuse]));
    const instrumented = instrument(service, rpcs, log);
    const transport = createRouterTransport((router) => router.service(service, instrumented));
    const client: Record<string, (request: Message) => unknown> = createClient(service, transport);
    const request = filled(method.input);
    const call = client[method.localName]?.(request) as Promise<unknown> & AsyncIterable<unknown>;
    const ended = method.methodKind === "unary" ? call : drain(call);
    await expect(ended).rejects.toThrow("Refused");
    expect(lines).toHaveLength(2);
    expect(lines.join("")).not.toContain(secret);
    expect(lines.join("")).not.toContain(encoded);
    if (method.input.fields.some(({ fieldKind }) => fieldKind === "message")) {
      expect(lines[0]).toContain("shown");
    }
  });
});

describe("A daemon", () => {
  let test: TestRuntime;
  let registry: Server;
  let host: string;
  const told: unknown[] = [];

  beforeAll(async () => {
    test = await startTestRuntime();
    await pullBusybox(test);
    // A registry that says what it was sent, in every way it can.
    registry = createServer((request, response) => {
      const sent = request.headers.authorization ?? "";
      const said = `${sent} ${Buffer.from(sent.replace("Basic ", ""), "base64")}`;
      response.writeHead(sent ? 403 : 401, { "www-authenticate": 'Basic realm="r"' });
      response.end(
        JSON.stringify({ errors: [{ code: "DENIED", message: `denied: ${said}`, detail: said }] }),
      );
    }).listen(0, "127.0.0.1");
    await once(registry, "listening");
    host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    registry.close();
    registry.closeAllConnections();
    expect(await test.end()).toEqual([]);
  });

  const failing = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => expect.fail("The call should have failed"),
      (thrown: unknown) => thrown,
    );
    for (let each = error; each instanceof Error; each = each.cause) told.push(each.message, each.stack);
  };

  it("tells no secret of what it was given: not in its log, its errors or its verbose answers", async () => {
    const { runtime, images } = test;
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": secret };
    const pod = await runPod(test, { annotations });
    const secretive = {
      envs: [{ key: "PASSWORD", value: Buffer.from(secret) }],
      args: [`--password=${secret}`],
    };
    // Annotations and arguments are given back to clients, as the contract has it; environments need not be.
    const id = await createContainer(test, pod, containerConfig(["sleep", "60"], { ...secretive, args: [] }));
    await runtime.startContainer({ containerId: id });
    told.push((await runtime.containerStatus({ containerId: id, verbose: true })).info);
    told.push((await runtime.status({ verbose: true })).info);
    const unstartable = await createContainer(test, pod, containerConfig(["no-such-program"], secretive));
    await failing(runtime.startContainer({ containerId: unstartable }));
    told.push((await runtime.containerStatus({ containerId: unstartable })).status?.message);
    await failing(runtime.execSync({ containerId: id, cmd: ["no-such-program", secret], timeout: 5n }));
    await failing(runtime.execSync({ containerId: id, cmd: ["sh", "-c", "sleep 60", secret], timeout: 1n }));
    const badEnv = [{ key: "PASSWORD", value: Buffer.from(`${secret}\0`) }];
    await failing(createContainer(test, pod, containerConfig(["true"], { envs: badEnv })));
    const badKey = [{ key: `PASSWORD=${secret}`, value: Buffer.from("") }];
    await failing(createContainer(test, pod, containerConfig(["true"], { envs: badKey })));
    await failing(
      createContainer(
        test,
        pod,
        containerConfig(["true"], { image: { image: "no-such-image", annotations } }),
      ),
    );
    await failing(
      runtime.runPodSandbox({ config: podConfig(test, { annotations }), runtimeHandler: "none" }),
    );
    await runtime.removePodSandbox({ podSandboxId: pod });

    const image = { image: `${host}/secret/image:1` };
    for (const auth of [
      { username: "pen", password: secret },
      { auth: Buffer.from(`pen:${secret}`).toString("base64") },
      { identityToken: secret },
      { registryToken: secret },
      { auth: secret },
    ]) {
      await failing(images.pullImage({ image, auth }));
    }
    await failing(images.pullImage({ image: { image: `https://pen:${secret}@${host}/x` } }));
    await images.imageStatus({ image: { image: busybox, annotations }, verbose: true });

    const everything = [...test.log, ...told.map((each) => JSON.stringify(each))].join("\n");
    const forms = [secret, Buffer.from(secret).toString("base64"), encoded];
    const basic = Buffer.from(`pen:${secret}`).toString("base64");
    for (const form of [...forms, basic]) expect(everything).not.toContain(form);
    // It was there to be told: the registry did answer with it.
    expect(everything).toContain("denied: ");
    expect(everything).toContain("PASSWORD");
  });
});
