import { readFileSync } from "node:fs";
import {
  create,
  createRegistry,
  type DescFile,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { isDebugRedacted } from "../../src/descriptors/field.js";
import {
  AuthConfigSchema,
  ContainerSchema,
  ContainerState,
  ContainerStateSchema,
  file_runtime_v1_api,
  ListContainersResponseSchema,
  RuntimeService,
} from "../../src/proto.js";

const generated = readFileSync(new URL("../../gen/runtime/v1/api_pb.ts", import.meta.url), "utf8");

function bootedByProtobufEs(): DescFile {
  return fileDesc(/fileDesc\("([^"]+)"\)/.exec(generated)?.[1] ?? "");
}

/** Everything that can be reached, as text: objects by the path on which they were met first. */
function printed(root: unknown): string[] {
  const lines: string[] = [];
  const paths = new Map<object, string>();
  const queue: [path: string, value: unknown][] = [["", root]];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [path, value] = next;
    if (typeof value === "function") {
      const isName = path.endsWith(".toString");
      lines.push(`${path} = ${isName ? "" : `() => ${value()}`}`);
    } else if (typeof value !== "object" || value === null) {
      lines.push(`${path} = ${String(value)}`);
    } else if (paths.has(value)) {
      lines.push(`${path} is ${paths.get(value)}`);
    } else {
      paths.set(value, path);
      const isDescriptor = "kind" in value;
      if (isDescriptor)
        lines.push(`${path} = ${value}, ${Object.getPrototypeOf(value) === Object.prototype}`);
      for (const key of Object.keys(value).sort()) {
        queue.push([`${path}.${key}`, (value as Record<string, unknown>)[key]]);
      }
    }
  }
  return lines;
}

describe("the descriptors of the contract", () => {
  it("are what protobuf-es makes of it, all of them and all that is in them", () => {
    expect(file_runtime_v1_api.messages).toHaveLength(175);
    const [own, theirs] = [printed(file_runtime_v1_api), printed(bootedByProtobufEs())];
    expect(own.length).toBeGreaterThan(10_000);
    expect(own).toEqual(theirs);
  });

  it("are one object each, by whatever way they are reached", () => {
    const registry = createRegistry(file_runtime_v1_api);
    expect(registry.getMessage("runtime.v1.Container")).toBe(ContainerSchema);
    expect(ListContainersResponseSchema.field.containers.message).toBe(ContainerSchema);
    expect(RuntimeService.method.listContainers.output).toBe(ListContainersResponseSchema);
    expect(registry.getEnum("runtime.v1.ContainerState")).toBe(ContainerStateSchema);
    expect(ContainerStateSchema.file).toBe(file_runtime_v1_api);
  });

  it("do for all that protobuf-es does with messages", () => {
    const init = { id: "1", state: ContainerState.CONTAINER_EXITED, createdAt: 5n, labels: { app: "web" } };
    const message = create(ContainerSchema, { ...init, metadata: { name: "app" } });
    expect(fromBinary(ContainerSchema, toBinary(ContainerSchema, message))).toStrictEqual(message);
    const json = {
      id: "1",
      metadata: { name: "app" },
      state: "CONTAINER_EXITED",
      createdAt: "5",
      labels: { app: "web" },
    };
    expect(toJson(ContainerSchema, message)).toEqual(json);
    expect(fromJson(ContainerSchema, json)).toStrictEqual(message);
    expect(reflect(ContainerSchema, message).get(ContainerSchema.field.id)).toBe("1");
  });

  it("do for clients and servers of connect-es", async () => {
    const transport = createRouterTransport(({ service }) => {
      service(RuntimeService, { version: () => ({ runtimeName: "tried" }) });
    });
    expect((await createClient(RuntimeService, transport).version({})).runtimeName).toBe("tried");
  });

  it("lead to the messages of descriptor.proto that they were made of", () => {
    const bytes = toBinary(FileDescriptorProtoSchema, file_runtime_v1_api.proto);
    expect(fromBinary(FileDescriptorProtoSchema, bytes).package).toBe("runtime.v1");
    expect(AuthConfigSchema.field.password.proto.options?.debugRedact).toBe(true);
  });

  it("tell what the contract marks as secret", () => {
    for (const field of file_runtime_v1_api.messages.flatMap(({ fields }) => fields)) {
      expect([`${field}`, isDebugRedacted(field)]).toEqual([
        `${field}`,
        field.proto.options?.debugRedact ?? false,
      ]);
    }
  });
});
