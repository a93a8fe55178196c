import {
  type ConnectOptions,
  type Container,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerExit,
  type ContainerFilter,
  type ContainerListFilter,
  type ContainerState,
  type ContainerStats,
  type CredentialSource,
  type CriClient,
  CriError,
  type CriErrorCode,
  connect,
  type Image,
  type ImageFilter,
  type ListedContainer,
  type ListedPod,
  type LogChunk,
  type LogLine,
  type Metrics,
  NoEndpointError,
  type OpenTelemetryApi,
  type OwnedContainer,
  type OwnedPod,
  type Pod,
  type PodConfig,
  type PodFilter,
  type PodStats,
  type PodStatus,
  type RegistryCredentials,
  type StatsSample,
  type WatchEvent,
} from "crikit";
import type { ContainerStatusResponse, VersionResponse } from "crikit/proto";
import { expectTypeOf } from "expect-type";

declare const cri: CriClient;
declare const pod: Pod;
declare const container: Container;
declare const error: unknown;

// connect: everything is optional, and the client can be disposed of.
expectTypeOf(connect).parameter(0).toEqualTypeOf<string | undefined>();
expectTypeOf(connect()).resolves.toEqualTypeOf<CriClient>();
expectTypeOf<CriClient>().toExtend<AsyncDisposable>();
expectTypeOf(cri.version).toEqualTypeOf<VersionResponse>();
expectTypeOf(cri.runtime.version({})).resolves.toEqualTypeOf<VersionResponse>();

// Lists are promises of arrays, streams the same as async iterables.
expectTypeOf(cri.pods.stream()).toExtend<AsyncIterable<ListedPod>>();
expectTypeOf(cri.containers.stream({ state: "running" })).toExtend<AsyncIterable<ListedContainer>>();
expectTypeOf(cri.images.stream()).toExtend<AsyncIterable<Image>>();
expectTypeOf<ImageFilter>().toHaveProperty("dangling").toEqualTypeOf<boolean | undefined>();

// Credentials are given in one way each, or looked up.
expectTypeOf<{ username: string; password: string }>().toExtend<RegistryCredentials>();
expectTypeOf<{ identityToken: string }>().toExtend<RegistryCredentials>();
expectTypeOf<{ username: string }>().not.toExtend<RegistryCredentials>();
expectTypeOf<"auto" | "none" | { file: string }>().toExtend<CredentialSource>();
expectTypeOf<string>().not.toExtend<CredentialSource>();
expectTypeOf(cri.images.ensure("a", { policy: "never" })).resolves.toHaveProperty("pulled");
expectTypeOf(cri.images.prune()).resolves.toHaveProperty("removed").toExtend<readonly Image[]>();
expectTypeOf(cri.containers.list).parameter(0).toExtend<ContainerFilter | undefined>();
expectTypeOf<ContainerListFilter>().toHaveProperty("last");
expectTypeOf<ContainerFilter>().not.toHaveProperty("last");
expectTypeOf<PodFilter>().not.toHaveProperty("latest");
expectTypeOf<PodFilter>().not.toHaveProperty("sort");
expectTypeOf(cri.capabilities().streamContainers).toEqualTypeOf<boolean | undefined>();

// Only what a handle has made can be disposed of.
expectTypeOf(cri.pods.run({ metadata: { name: "a" } })).resolves.toEqualTypeOf<OwnedPod>();
expectTypeOf(cri.pods.get("id")).toEqualTypeOf<Pod>();
expectTypeOf<OwnedPod>().toExtend<AsyncDisposable>();
expectTypeOf<Pod>().not.toExtend<AsyncDisposable>();
expectTypeOf<OwnedContainer>().toExtend<AsyncDisposable>();
expectTypeOf<Container>().not.toExtend<AsyncDisposable>();
expectTypeOf<OwnedPod>().toExtend<Pod>();

// Configurations want a name and an image; the rest of CRI's fields are there.
expectTypeOf<{ metadata: { name: string }; hostname: string; labels: { a: "b" } }>().toExtend<PodConfig>();
expectTypeOf<{ metadata: object }>().not.toExtend<PodConfig>();
expectTypeOf<{ metadata: { name: string }; image: { image: string } }>().toExtend<ContainerConfig>();
expectTypeOf<{ metadata: { name: string } }>().not.toExtend<ContainerConfig>();
expectTypeOf(pod.createContainer).returns.resolves.toEqualTypeOf<OwnedContainer>();

// exec: the encoding decides on the type of the output.
expectTypeOf(container.exec(["id"]))
  .resolves.toHaveProperty("stdout")
  .toEqualTypeOf<string>();
expectTypeOf(container.exec(["id"], { check: true }))
  .resolves.toHaveProperty("stdout")
  .toEqualTypeOf<string>();
expectTypeOf(container.exec(["id"], { encoding: "buffer" }))
  .resolves.toHaveProperty("stdout")
  .toEqualTypeOf<Buffer>();

// Friendly types, with the message beside them.
const status = container.status();
expectTypeOf(status).resolves.toHaveProperty("state").toEqualTypeOf<ContainerState>();
expectTypeOf(status).resolves.toHaveProperty("createdAt").toEqualTypeOf<Date>();
expectTypeOf(status).resolves.toHaveProperty("exitCode").toEqualTypeOf<number | undefined>();
expectTypeOf(status).resolves.toHaveProperty("raw").toEqualTypeOf<ContainerStatusResponse>();
expectTypeOf(container.wait()).resolves.toEqualTypeOf<ContainerExit>();
expectTypeOf(container.logChunks({ follow: true })).toExtend<AsyncIterable<LogChunk>>();
expectTypeOf(container.logs({ follow: true })).toExtend<AsyncIterable<LogLine>>();
// @ts-expect-error A state that there is not.
void cri.containers.list({ state: "paused" });

// Events and changes: their kind decides on the type of the object, `synced` has none.
expectTypeOf(cri.events()).toExtend<AsyncIterable<ContainerEvent>>();
expectTypeOf<ContainerEvent["pod"]>().toEqualTypeOf<PodStatus | undefined>();
expectTypeOf(cri.watch({ events: false })).toExtend<AsyncIterable<WatchEvent>>();
declare const change: WatchEvent;
if (change.type !== "synced") {
  expectTypeOf(change.source).toEqualTypeOf<"list" | "event">();
  if (change.kind === "pod") expectTypeOf(change.object).toEqualTypeOf<ListedPod>();
  else expectTypeOf(change.previous).toEqualTypeOf<ListedContainer | undefined>();
}

// Usage: every figure may be unknown; filters are those of lists.
expectTypeOf(container.stats({ windowMs: 1_000 })).resolves.toEqualTypeOf<ContainerStats>();
expectTypeOf(pod.stats()).resolves.toEqualTypeOf<PodStats>();
expectTypeOf<NonNullable<ContainerStats["cpu"]>["cores"]>().toEqualTypeOf<number | undefined>();
expectTypeOf(cri.stats({ namespace: /^kube-/ }, { intervalMs: 500 })).toEqualTypeOf<
  AsyncIterable<StatsSample>
>();
expectTypeOf(cri.containers.stats).parameter(0).toEqualTypeOf<ContainerFilter | undefined>();
expectTypeOf(cri.metrics()).resolves.toEqualTypeOf<Metrics>();
// @ts-expect-error There is no such source.
void cri.metrics({ source: "guesses" });

// Errors: one to switch on, some to narrow to.
if (error instanceof CriError) expectTypeOf(error.code).toEqualTypeOf<CriErrorCode>();
if (error instanceof NoEndpointError) {
  expectTypeOf(error.attempts[0]).exclude(undefined).toHaveProperty("mend").toEqualTypeOf<string>();
}

// OpenTelemetry's module is what the option takes.
expectTypeOf<typeof import("@opentelemetry/api")>().toExtend<OpenTelemetryApi>();
expectTypeOf<ConnectOptions["openTelemetry"]>().toEqualTypeOf<OpenTelemetryApi | false | undefined>();
