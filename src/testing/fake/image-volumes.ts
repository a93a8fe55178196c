import { InvalidArgumentError, NotFoundError } from "../../errors.js";
import type { ContainerConfig } from "../../proto.js";
import type { Images } from "./images.js";

/** Notes the IDs of the images that a container mounts; of their files there are none. */
export function resolveImageVolumes(images: Images, { mounts }: ContainerConfig): void {
  for (const [index, { image, readonly }] of mounts.entries()) {
    if (!image) continue;
    const field = `config.mounts[${index}]`;
    if (!readonly) {
      const problem = "is false, and an image can only be mounted read-only";
      throw new InvalidArgumentError(`${field}.readonly ${problem}`, { field: `${field}.readonly` });
    }
    const found = images.find(image.image);
    if (!found) {
      throw new NotFoundError(`${field}.image.image is ${image.image}, which is not there: pull it before`);
    }
    image.imageRef = found.id;
  }
}
