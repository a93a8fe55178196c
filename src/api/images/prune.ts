import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import type { ImageFilter } from "../lists/image-filter.js";
import { listContainers } from "../lists/list-containers.js";
import { listImages } from "../lists/list-images.js";
import { namesOfContainer } from "../lists/names-of-container.js";
import { readRuntimeInfo } from "../runtime-info.js";
import { limitTime } from "../time-limit.js";
import { completeName } from "./find-image.js";
import type { Image } from "./image.js";
import { mountedImages } from "./mounted-images.js";
import type { RunningNames } from "./running-names.js";

/** How to prune. */
export interface PruneOptions extends CallOptions {
  /** How long all of it may take, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Removes nothing, and tells what it would. */
  dryRun?: boolean | undefined;
}

/** What a prune has done. */
export interface PrunedImages {
  /** What is gone; with `dryRun` what would be. */
  readonly removed: readonly Image[];
  /**
   * What the runtime told as the sizes of those removed. Less may come free: layers that other images have as well are
   * counted and stay, and a runtime may take its time.
   */
  readonly sizeBytes: number;
  /** What could not be removed, and why. */
  readonly failed: readonly { readonly image: Image; readonly error: unknown }[];
}

/** Images first, then who uses them: a container that is made in between counts. */
export async function pruneImages(
  context: ApiContext,
  pulling: RunningNames,
  filter: ImageFilter,
  { dryRun = false, timeoutMs, signal, ...rest }: PruneOptions,
): Promise<PrunedImages> {
  const limit = limitTime({ signal, timeoutMs }, "The prune");
  const options: CallOptions = { ...rest, signal: limit.signal };
  const pulled = pulling.watch();
  try {
    const images = await listImages(context, filter, options);
    const used = await usedNames(context, options);
    const removed: Image[] = [];
    const failed: { image: Image; error: unknown }[] = [];
    for (const image of images) {
      if (image.pinned || pulled.has(image) || namesOf(image).some((name) => used.has(name))) continue;
      try {
        if (!dryRun) await context.image.removeImage({ image: { image: image.id } }, options);
        removed.push(image);
      } catch (error) {
        options.signal?.throwIfAborted();
        failed.push({ image, error });
      }
    }
    const sizeBytes = removed.reduce((sum, image) => sum + image.sizeBytes, 0);
    return { removed, sizeBytes, failed };
  } finally {
    pulled[Symbol.dispose]();
    limit[Symbol.dispose]();
  }
}

function namesOf({ id, repoTags, repoDigests }: Image): string[] {
  return [id, ...repoTags, ...repoDigests];
}

/** Of all containers, ended ones too, and of what they have mounted, and of the pause image: containerd 1.6 has no pins to spare it by. */
async function usedNames(context: ApiContext, options: CallOptions): Promise<Set<string>> {
  const containers = await listContainers(context, {}, options);
  const { info } = await readRuntimeInfo(context.runtime, { ...options, verbose: true });
  const { sandboxImage } = (info.config ?? {}) as { sandboxImage?: unknown };
  return new Set([
    ...containers.flatMap(namesOfContainer),
    ...(await mountedImages(context, containers, options)),
    ...(typeof sandboxImage === "string" && sandboxImage !== "" ? [completeName(sandboxImage)] : []),
  ]);
}
