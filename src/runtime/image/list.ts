import type { Image, ImageFilter } from "../../proto.js";
import { findImage } from "../state/image-record.js";
import type { ImageDeps } from "./image-deps.js";
import { imageMessage } from "./image-message.js";

/** All images, or the one that the filter names. */
export function listImages(deps: ImageDeps, filter: ImageFilter | undefined): Image[] {
  const reference = filter?.image?.image ?? "";
  if (reference === "") return deps.images.list().map(imageMessage);
  const image = findImage(deps.images, reference);
  return image ? [imageMessage(image)] : [];
}
