import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";

import { sleep } from "../../../src/async/abort.js";
import { CriError, ImagePullError, NameReservedError, NotFoundError } from "../../../src/errors.js";
import { redact } from "../../../src/messages/redact.js";
import { ImageService, PullImageRequestSchema, RuntimeService } from "../../../src/proto.js";
import { createLogger, type LogLevel } from "../../../src/runtime/log.js";
import { instrument } from "../../../src/runtime/server/instrument.js";
import { listen } from "../../../src/runtime/server/listen.js";
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import type { Rpcs } from "../../../src/wire/grpc-server/rpcs.js";

function failing(error: unknown) {
  return images({ pullImage: () => Promise.reject(error) });
}

function images(implementation: Partial<Rpcs<typeof ImageService>>, level: LogLevel = "debug") {
  const { log, messages } = collect(level);
  const service = instrument(ImageService, implementation, log);
  const transport = createRouterTransport(({ service: serve }) => serve(ImageService, service));
  return { messages, client: createClient(ImageService, transport) };
}

function runtime(implementation: Partial<Rpcs<typeof RuntimeService>>, level: LogLevel = "debug") {
  const { log, messages } = collect(level);
  const service = instrument(RuntimeService, implementation, log);
  const transport = createRouterTransport(({ service: serve }) => serve(RuntimeService, service));
  return { messages, client: createClient(RuntimeService, transport) };
}

function collect(level: LogLevel) {
  const lines: string[] = [];
  const log = createLogger(level, (line) => lines.push(line));
  return { log, messages: () => lines.map((line) => JSON.parse(line)) };
}

describe("An error of a use case", () => {
  it.each([
    [new CriError("not_found", "Nothing"), Code.NotFound, "Nothing"],
    [new CriError("failed_precondition", "Not now"), Code.FailedPrecondition, "Not now"],
    [new NameReservedError("Name is reserved for x"), Code.AlreadyExists, "Name is reserved for x"],
    [new ImagePullError("registry_unavailable", "No answer"), Code.Unknown, "RegistryUnavailable: No answer"],
    [new TypeError("x is undefined"), Code.Internal, "x is undefined"],
    [new ConnectError("As is", Code.DataLoss), Code.DataLoss, "As is"],
  ])("becomes a gRPC status: %s", async (error, code, rawMessage) => {
    await expect(failing(error).client.pullImage({})).rejects.toMatchObject({ code, rawMessage });
  });

  it("is told without what URLs in it may hold of secrets, and without the request's credentials", async () => {
    const said =
      'Get "https://me:p4ss@cdn.test/v2/x?sig=s1gnature&e=1": 403 for cGVuOnA0c3M= with p4ss, pen:p4ss, tok-1';
    const { client, messages } = failing(new CriError("unknown", said));
    const auth = { username: "pen", password: "p4ss", identityToken: "tok-1" };
    const rawMessage =
      'Get "https://[redacted]@cdn.test/v2/x?[redacted]": 403 for [redacted] with [redacted], pen:[redacted], [redacted]';
    await expect(client.pullImage({ auth })).rejects.toMatchObject({ rawMessage });
    expect(messages().at(-1).error).toBe(rawMessage);
  });
});

describe("The log of RPCs", () => {
  it("has a line for the begin and one for the end of what changes something, joined by an ID", async () => {
    const { client, messages } = images({ pullImage: () => ({ imageRef: "sha256:7" }) }, "info");
    await client.pullImage({ image: { image: "a" } });
    const [begin, end, ...more] = messages();
    expect(more).toEqual([]);
    expect(begin).toMatchObject({ level: "info", message: "PullImage begins", image: "a" });
    expect(begin.request).toBeUndefined();
    expect(end).toMatchObject({ level: "info", message: "PullImage done", image: "a", imageRef: "sha256:7" });
    expect(end.ms).toBeTypeOf("number");
    expect(begin.call).toMatch(/^[0-9a-f]{8}$/);
    expect(end.call).toBe(begin.call);
  });

  it.each(["listContainers", "execSync", "containerStatus", "version"] as const)(
    "tells of %s only when asked for, as it is called all the time",
    async (rpc) => {
      const quiet = runtime({ [rpc]: () => ({}) }, "info");
      await quiet.client[rpc]({});
      expect(quiet.messages()).toEqual([]);
      const { client, messages } = runtime({ [rpc]: () => ({}) });
      await client[rpc]({ containerId: "c" });
      expect(messages().map(({ level }) => level)).toEqual(["debug", "debug"]);
      expect(messages()[0].request).toBeDefined();
    },
  );

  it.each([
    [new NotFoundError("No such container"), "info", "NotFound"],
    [new CriError("internal", "runc was killed"), "warn", "Internal"],
    [new TypeError("x is undefined"), "error", "Internal"],
  ])("tells of a failed read, by whose fault it is: %s", async (error, level, code) => {
    const { client, messages } = runtime({ containerStatus: () => Promise.reject(error) }, "info");
    await client.containerStatus({ containerId: "c" }).catch(() => {});
    const line = { level, message: "ContainerStatus failed", containerId: "c", code, error: error.message };
    expect(messages()).toEqual([expect.objectContaining(line)]);
    const stack = level === "error" ? expect.stringContaining("instrument.test.ts") : undefined;
    expect(messages()[0].stack).toEqual(stack);
  });

  it("has both lines for a stream too, however it ends", async () => {
    const { log, messages } = collect("debug");
    const service = instrument(
      RuntimeService,
      {
        async *streamContainers({ filter }, { signal }) {
          const more = filter?.id;
          do {
            yield {};
            await sleep(1);
          } while (more === "busy");
          if (more === "quiet") await sleep(60_000, signal);
        },
      },
      log,
    );
    const directory = await mkdtemp(join(tmpdir(), "crikit-log-"));
    const path = join(directory, "s");
    const listening = await listen(path, (router) => router.service(RuntimeService, service));
    const connection = openConnection(parseEndpoint(`unix://${path}`));
    const client = createRuntimeClient(connection);
    for await (const _ of client.streamContainers({}));
    const ends = ["StreamContainers done"];
    for (const [id, end] of [
      ["quiet", "StreamContainers failed"],
      ["busy", "StreamContainers left by the client"],
    ] as const) {
      for await (const _ of client.streamContainers({ filter: { id } })) break;
      ends.push(end);
      await expect.poll(() => messages().length).toBe(2 * ends.length);
    }
    const told = messages();
    expect(told.map(({ message }) => message)).toEqual(
      ends.flatMap((end) => ["StreamContainers begins", end]),
    );
    expect(told.map(({ level }) => level)).toEqual(Array(6).fill("debug"));
    expect(told[3].code).toBe("Canceled");
    connection.close();
    await listening.close();
    await rm(directory, { recursive: true });
  });
});

describe("An RPC that is not there", () => {
  it("is answered by name, a stream too", async () => {
    const { client } = runtime({});
    const code = Code.Unimplemented;
    await expect(client.exec({})).rejects.toMatchObject({
      code,
      rawMessage: expect.stringContaining("Exec "),
    });
    const events = client.getContainerEvents({})[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ code });
  });
});

describe("`describeMessage`", () => {
  it("shows what is set, nested and in maps and lists, without secrets", () => {
    const message = create(PullImageRequestSchema, {
      image: { image: "a", annotations: { k: "v" } },
      auth: { username: "me", password: "p4ss" },
      sandboxConfig: { portMappings: [{ hostPort: 80 }], dnsConfig: { servers: ["192.0.2.1"] } },
    });
    expect(redact(message)).toEqual({
      image: { image: "a", annotations: { k: "[redacted]" } },
      auth: { username: "me", password: "[redacted]" },
      sandboxConfig: { portMappings: [{ hostPort: 80 }], dnsConfig: { servers: ["192.0.2.1"] } },
    });
  });
});
