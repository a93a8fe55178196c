import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type CriClient,
  createRuntimeClient,
  openConnection,
  parseEndpoint,
  type RuntimeClient,
} from "crikit";
import type {
  ContainerEventResponse,
  ListContainersResponse,
  PodSandboxConfigSchema,
  RunPodSandboxResponse,
  StreamContainersResponse,
} from "crikit/proto";
import { expectTypeOf } from "expect-type";

declare const cri: CriClient;

// Each RPC has its messages: unary ones a promise, streams an async iterable.
expectTypeOf(cri.runtime.listContainers({})).resolves.toEqualTypeOf<ListContainersResponse>();
expectTypeOf(cri.runtime.getContainerEvents({})).toEqualTypeOf<AsyncIterable<ContainerEventResponse>>();
expectTypeOf(cri.runtime.streamContainers({})).toEqualTypeOf<AsyncIterable<StreamContainersResponse>>();
expectTypeOf(
  cri.runtime.runPodSandbox({ config: { metadata: { name: "a" } } }, { timeoutMs: 1 }),
).resolves.toEqualTypeOf<RunPodSandboxResponse>();

// Requests are plain objects of the contract's fields: wrong names and wrong types do not compile.
// @ts-expect-error The field is called containerId.
void cri.runtime.startContainer({ id: "a" });
// @ts-expect-error 64-bit numbers are bigint.
void cri.runtime.stopContainer({ containerId: "a", timeout: 10 });
// @ts-expect-error There is no such RPC.
void cri.runtime.restartContainer;
// @ts-expect-error Images are at cri.image.
void cri.runtime.pullImage;

expectTypeOf<{ metadata: { name: string } }>().toExtend<MessageInitShape<typeof PodSandboxConfigSchema>>();
expectTypeOf(createRuntimeClient(openConnection(parseEndpoint("/a")))).toEqualTypeOf<RuntimeClient>();
