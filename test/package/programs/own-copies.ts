// A program that has connect-es and protobuf-es itself, and gives crikit what it made with them.

import { createConnection } from "node:net";
import { create, equals, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createRouterTransport,
  type Interceptor,
} from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CriError, connect } from "crikit";
import { type PodSandboxConfig, PodSandboxConfigSchema, RuntimeService } from "crikit/proto";

const [endpoint = "", socket = endpoint.replace("unix://", "")] = process.argv.slice(2);
const tries = createContextKey(1);
const tell = (...facts: unknown[]) => console.log(JSON.stringify(facts));

export async function ownMessages(): Promise<void> {
  const config: PodSandboxConfig = create(PodSandboxConfigSchema, {
    metadata: { name: "own" },
    hostname: "h",
  });
  const read = fromBinary(PodSandboxConfigSchema, toBinary(PodSandboxConfigSchema, config));
  tell(equals(PodSandboxConfigSchema, config, read), read.metadata?.name);
  await using cri = await connect(endpoint);
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
  const { status } = await cri.runtime.podSandboxStatus({ podSandboxId });
  tell(status?.metadata?.name);
  tell(toJson(PodSandboxConfigSchema, config));
}

export async function ownInterceptors(): Promise<void> {
  const counting: Interceptor = (next) => async (request) => {
    request.contextValues.set(tries, request.contextValues.get(tries) + 1);
    tell(request.method.name, request.contextValues.get(tries));
    return next(request);
  };
  const refusing: Interceptor = (next) => (request) => {
    if (request.method.name !== "Status") return next(request);
    throw new ConnectError("not today", Code.PermissionDenied);
  };
  await using cri = await connect(endpoint, { interceptors: [counting, refusing] });
  const error = await cri.runtime.status({}).catch((error: unknown) => error);
  tell(
    error instanceof CriError && error.code,
    error instanceof CriError && error.cause instanceof ConnectError,
  );
}

export async function ownTransports(): Promise<void> {
  const transport = createRouterTransport(({ service }) => {
    service(RuntimeService, {
      version: () => ({
        version: "0.1.0",
        runtimeName: "in-memory",
        runtimeVersion: "1.0.0",
        runtimeApiVersion: "v1",
      }),
      status() {
        throw new ConnectError("gone", Code.NotFound);
      },
    });
  });
  await using cri = await connect("unix:///in/memory", { transport });
  tell(cri.version.runtimeName);
  tell(await cri.runtime.status({}).catch((error: unknown) => error instanceof CriError && error.code));

  const grpc = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => createConnection(socket) },
  });
  await using other = await connect(endpoint, { transport: grpc });
  tell(other.version.runtimeName);
  tell((await createClient(RuntimeService, grpc).version({})).runtimeName);
}

void ownMessages()
  .then(ownInterceptors)
  .then(ownTransports)
  .finally(() => process.exit());
