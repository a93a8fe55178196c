import { create } from "@bufbuild/protobuf";

import { type Image, ImageSchema } from "../../proto.js";
import { type ImageRecord, imageRef } from "../state/image-record.js";

/** The image as CRI describes it, the same for every name it is asked for by. */
export function imageMessage(image: ImageRecord): Image {
  const user = image.config.user.split(":", 1)[0] ?? "";
  const isNumber = /^\d+$/.test(user);
  return create(ImageSchema, {
    id: imageRef(image),
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    size: BigInt(image.sizeBytes),
    ...(isNumber && { uid: { value: BigInt(user) } }),
    username: isNumber ? "" : user,
    spec: { image: imageRef(image) },
    pinned: image.pinned,
  });
}
