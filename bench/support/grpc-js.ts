import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** As most gRPC programs for Node are: protobufjs at run time, callbacks. The limit of a message is crikit's. */
export function grpcJsClient(path: string) {
  const proto = fileURLToPath(new URL("../../proto/runtime/v1/api.proto", import.meta.url));
  const loaded = loadPackageDefinition(loadSync(proto, { longs: String, enums: String }));
  const { RuntimeService } = (loaded.runtime as { v1: { RuntimeService: ServiceClientConstructor } }).v1;
  return new RuntimeService(`unix:${path}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
  });
}
