/**
 * crikit/testing: a real CRI runtime in one line, images without a registry, a registry without a server.
 */

export { busyboxImage, type ImageContent } from "./busybox-image.js";
export type { ImageFile, ImageFiles } from "./image-files.js";
export type { ImageDefaults } from "./image-layout.js";
export type { ImageSource } from "./image-source.js";
export { type ImportedImage, importImage } from "./import-image.js";
export { type Registry, serveRegistry } from "./registry.js";
export { type RuntimeHandle, type StartRuntimeOptions, startRuntime } from "./start-runtime.js";
