import { InvalidArgumentError } from "../../errors.js";
import type { ImageSpec } from "../../proto.js";
import { findImage, type ImageRecord } from "../state/image-record.js";
import type { ImageDeps } from "./image-deps.js";

/** The image that a request names; undefined when it is not here, which CRI answers with an empty reply. */
export function requestedImage(deps: ImageDeps, spec: ImageSpec | undefined): ImageRecord | undefined {
  if (!spec) throw new InvalidArgumentError("image is missing", { field: "image" });
  if (spec.image === "") throw new InvalidArgumentError("image.image is empty", { field: "image.image" });
  return findImage(deps.images, spec.image);
}
