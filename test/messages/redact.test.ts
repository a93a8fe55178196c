import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { redact, redactInfo } from "../../src/messages/index.js";
import { maskSecrets, secretsIn } from "../../src/messages/mask-secrets.js";
import {
  ContainerStatusResponseSchema,
  CreateContainerRequestSchema,
  ExecResponseSchema,
  ExecSyncResponseSchema,
  ImageService,
  PullImageRequestSchema,
  RuntimeService,
  StatusResponseSchema,
} from "../../src/proto.js";

const canary = "C4nary-S3cret";

function make<Desc extends DescMessage>(desc: Desc, init: MessageInitShape<Desc>): MessageShape<Desc> {
  return create(desc, init);
}

describe("redact", () => {
  test("leaves out what the contract marks, whatever the message", () => {
    const marked = [RuntimeService, ImageService]
      .flatMap(({ methods }) => methods.map(({ input }) => input))
      .flatMap((input) => input.fields.flatMap(({ message }) => message?.fields ?? []))
      .filter(({ proto }) => proto.options?.debugRedact);
    expect(marked.map(({ name }) => name)).toEqual(["password", "auth", "identity_token", "registry_token"]);
    const auth = {
      username: "me",
      ...Object.fromEntries(marked.map(({ localName }) => [localName, canary])),
    };
    const shown = redact(make(PullImageRequestSchema, { image: { image: "a" }, auth }));
    expect(shown).toEqual({
      image: { image: "a" },
      auth: {
        username: "me",
        password: "[redacted]",
        auth: "[redacted]",
        identityToken: "[redacted]",
        registryToken: "[redacted]",
      },
    });
  });

  test("leaves out values of environments and annotations, and arguments", () => {
    const shown = redact(
      make(CreateContainerRequestSchema, {
        podSandboxId: "p",
        config: {
          metadata: { name: "web", attempt: 1 },
          envs: [{ key: "PASSWORD", value: Buffer.from(canary) }],
          command: ["psql", `--password=${canary}`],
          args: [canary],
          annotations: { note: canary },
          labels: { app: "web" },
          linux: { resources: { memoryLimitInBytes: 64n } },
        },
      }),
    );
    expect(shown).toEqual({
      podSandboxId: "p",
      config: {
        metadata: { name: "web", attempt: 1 },
        envs: [{ key: "PASSWORD", value: "[redacted]" }],
        command: ["psql", "[1 more]"],
        args: ["[1 more]"],
        annotations: { note: "[redacted]" },
        labels: { app: "web" },
        linux: { resources: { memoryLimitInBytes: "64" } },
      },
    });
  });

  test("shows no token of a session, no output, and no secret of verbose information", () => {
    expect(redact(make(ExecResponseSchema, { url: `http://127.0.0.1:1/exec/${canary}` }))).toEqual({
      url: "[redacted]",
    });
    const output = make(ExecSyncResponseSchema, { stdout: Buffer.from(canary), exitCode: 1 });
    expect(redact(output)).toEqual({ stdout: "13 bytes", exitCode: 1 });
    const info = { config: JSON.stringify({ runtimeSpec: { process: { env: [`PASSWORD=${canary}`] } } }) };
    expect(JSON.stringify(redact(make(ContainerStatusResponseSchema, { info })))).not.toContain(canary);
    expect(JSON.stringify(redact(make(StatusResponseSchema, { info })))).toContain("PASSWORD=[redacted]");
  });
});

describe("redactInfo", () => {
  // What containerd tells of a container, and of itself, cut down to the places of secrets.
  const containerInfo = JSON.stringify({
    pid: 7,
    config: {
      envs: [{ key: "PASSWORD", value: canary }],
      args: [`--password=${canary}`],
      annotations: { manifest: canary },
      image: { image: `https://me:${canary}@registry.test/app?sig=${canary}` },
    },
    runtimeSpec: {
      process: { args: ["app", canary], env: ["PATH=/bin", `TOKEN=${canary}`], noNewPrivileges: true },
      annotations: { note: canary },
      linux: { namespaces: [{ type: "pid" }] },
    },
  });
  const runtimeConfig = JSON.stringify({
    stateDir: "/run/containerd",
    registry: {
      auths: { "https://registry.test": { username: "me", password: canary } },
      configs: { "registry.test": { auth: { identitytoken: canary }, tls: null } },
      headers: { Authorization: [`Bearer ${canary}`] },
    },
  });

  test("keeps what it is for and no secret", () => {
    const shown = redactInfo({ info: containerInfo, config: runtimeConfig, version: "v1", token: canary });
    expect(JSON.stringify(shown)).not.toContain(canary);
    expect(shown).toMatchObject({
      info: {
        pid: 7,
        config: { envs: [{ key: "PASSWORD", value: "[redacted]" }] },
        runtimeSpec: {
          process: { env: ["PATH=[redacted]", "TOKEN=[redacted]"], noNewPrivileges: true },
          linux: { namespaces: [{ type: "pid" }] },
        },
      },
      config: {
        stateDir: "/run/containerd",
        registry: { configs: { "registry.test": { auth: "[redacted]", tls: null } } },
      },
      version: "v1",
    });
  });

  test("takes secrets out of URLs in text that is no JSON", () => {
    expect(redactInfo({ note: `see https://me:${canary}@host/x` })).toEqual({
      note: "see https://[redacted]@host/x",
    });
  });
});

test("the credentials of a request are taken out of a text in each form that a registry may send back", () => {
  const auth = Buffer.from(`me:${canary}`).toString("base64");
  const request = make(PullImageRequestSchema, { auth: { auth, registryToken: "tok-1" } });
  const text = `denied: Basic ${auth}, me:${canary}, ${canary}, tok-1`;
  expect(maskSecrets(text, secretsIn(PullImageRequestSchema, request))).toBe(
    "denied: Basic [redacted], [redacted], [redacted], [redacted]",
  );
});
