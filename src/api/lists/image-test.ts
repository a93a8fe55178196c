import type { ContainerSummary } from "../container-status.js";
import { findImage } from "../images/find-image.js";
import type { LaterTest } from "./conditions.js";
import { readImageName } from "./image-name.js";
import { namesOfContainer } from "./names-of-container.js";

/** Whether a container was made by the name, or from the image that has it now. */
export function imageTest(image: string | undefined): LaterTest<ContainerSummary> {
  if (image === undefined) return async () => () => true;
  const name = readImageName("image", image);
  return async (context, call) => {
    const found = await findImage(context, image, call);
    const names = new Set([name, ...(found ? [found.id, ...found.repoDigests] : [])]);
    return (container) => namesOfContainer(container).some((told) => names.has(told));
  };
}
