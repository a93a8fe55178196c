import { forEachOf } from "../../async/for-each-of.js";
import { NotFoundError } from "../../errors.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { namesToldAs } from "../lists/names-of-container.js";

const atOnce = 8;

/** The names of images that containers have mounted. Lists do not tell of mounts: each container is asked. */
export async function mountedImages(
  { runtime }: ApiContext,
  containers: readonly { readonly id: string }[],
  options: CallOptions,
): Promise<string[]> {
  const names: string[] = [];
  await forEachOf(containers, atOnce, async ({ id }) => {
    const { status } = await runtime.containerStatus({ containerId: id }, options).catch((error) => {
      // Removed since it was listed.
      if (error instanceof NotFoundError) return { status: undefined };
      throw error;
    });
    for (const { image } of status?.mounts ?? []) {
      if (image) names.push(...namesToldAs(image.imageRef), ...namesToldAs(image.image));
    }
  });
  return names;
}
