/**
 * crikit/testing: a real CRI runtime in one line, a fake one that does as it is told, images without a registry, a registry without a server.
 */

export { busyboxImage, type ImageContent } from "./busybox-image.js";
export type { FakeRequest, FakeRpcCall, FakeRpcHandler } from "./fake/answers.js";
export type { CommandPattern, FakeCommand, FakeCommandHandler } from "./fake/commands.js";
export type { PortHandler } from "./fake/deps.js";
export type { EventFault } from "./fake/events.js";
export type { FakeCall, FakeRuntime, FakeRuntimeOptions, FaultOptions } from "./fake/fake-runtime.js";
export type { Fault, FaultCode, RpcName } from "./fake/faults.js";
export type { FakeRegistry } from "./fake/images.js";
export { startFakeRuntime } from "./fake/start-fake-runtime.js";
export type { ImageFile, ImageFiles } from "./image-files.js";
export type { ImageDefaults } from "./image-layout.js";
export type { ImageSource } from "./image-source.js";
export { type ImportedImage, importImage } from "./import-image.js";
export { type Recording, recordCalls } from "./recording/record-calls.js";
export { replayCalls } from "./recording/replay-calls.js";
export { type Registry, serveRegistry } from "./registry.js";
export type { RestartOptions, RuntimeHandle } from "./runtime-handle.js";
export { type StartRuntimeOptions, startRuntime } from "./start-runtime.js";
