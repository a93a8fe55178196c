import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";

import { CriError, ImagePullError, NameReservedError } from "../../../src/errors.js";
import { ImageService, PullImageRequestSchema, RuntimeService } from "../../../src/proto.js";
import { createLogger } from "../../../src/runtime/log.js";
import { instrument } from "../../../src/runtime/server/instrument.js";
import { describeMessage } from "../../../src/runtime/server/redact.js";

function failing(error: unknown) {
  const lines: string[] = [];
  const log = createLogger("debug", (line) => lines.push(line));
  const service = instrument(ImageService, { pullImage: () => Promise.reject(error) }, log);
  const transport = createRouterTransport(({ service: serve }) => serve(ImageService, service));
  return { lines, client: createClient(ImageService, transport) };
}

describe("`instrument`", () => {
  it.each([
    [new CriError("not_found", "Nothing"), Code.NotFound, "Nothing"],
    [new CriError("failed_precondition", "Not now"), Code.FailedPrecondition, "Not now"],
    [new NameReservedError("Name is reserved for x"), Code.AlreadyExists, "Name is reserved for x"],
    [new ImagePullError("registry_unavailable", "No answer"), Code.Unknown, "RegistryUnavailable: No answer"],
    [new TypeError("x is undefined"), Code.Internal, "x is undefined"],
    [new ConnectError("As is", Code.DataLoss), Code.DataLoss, "As is"],
  ])("turns %s into its gRPC status", async (error, code, rawMessage) => {
    await expect(failing(error).client.pullImage({})).rejects.toMatchObject({ code, rawMessage });
  });

  it("logs a line in and a line out, and the stack of what nobody foresaw", async () => {
    const { lines, client } = failing(new TypeError("x is undefined"));
    await client.pullImage({ image: { image: "a" } }).catch(() => {});
    const messages = lines.map((line) => JSON.parse(line));
    expect(messages.map(({ message }) => message)).toEqual([
      "PullImage begins",
      "PullImage failed",
      "PullImage ran into something unforeseen",
    ]);
    expect(messages[1].ms).toBeTypeOf("number");
    expect(messages[2].stack).toContain("instrument.test.ts");
  });

  it("never logs a secret", async () => {
    const { lines, client } = failing(new Error("no"));
    const auth = {
      username: "me",
      password: "p4ss",
      auth: "a:b",
      identityToken: "tok1",
      registryToken: "tok2",
    };
    await client.pullImage({ image: { image: "a" }, auth }).catch(() => {});
    const text = lines.join("");
    for (const secret of ["p4ss", "a:b", "tok1", "tok2"]) expect(text).not.toContain(secret);
    expect(text).toContain('"username":"me"');
  });

  it("answers RPCs that are not there by name, streams too", async () => {
    const log = createLogger("error", () => {});
    const service = instrument(RuntimeService, {}, log);
    const transport = createRouterTransport(({ service: serve }) => serve(RuntimeService, service));
    const client = createClient(RuntimeService, transport);
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
  it("shows what is set, nested and in maps and lists", () => {
    const message = create(PullImageRequestSchema, {
      image: { image: "a", annotations: { k: "v" } },
      auth: { password: "p4ss" },
      sandboxConfig: { portMappings: [{ hostPort: 80 }], dnsConfig: { servers: ["192.0.2.1"] } },
    });
    expect(describeMessage(PullImageRequestSchema, message)).toEqual({
      image: { image: "a", annotations: { k: "v" } },
      auth: { password: "[redacted]" },
      sandbox_config: { port_mappings: [{ host_port: 80 }], dns_config: { servers: ["192.0.2.1"] } },
    });
  });
});
