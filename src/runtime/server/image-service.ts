import { ImageSchema, type ImageService } from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { fsInfo } from "../image/fs-info.js";
import type { ImageDeps } from "../image/image-deps.js";
import { imageInfo } from "../image/image-info.js";
import { imageMessage } from "../image/image-message.js";
import { listImages } from "../image/list.js";
import { pullImage } from "../image/pull.js";
import { removeImage } from "../image/remove.js";
import { requestedImage } from "../image/status.js";

/** The ImageService as far as it is served; what is missing answers Unimplemented. */
export function createImageService(deps: ImageDeps): Rpcs<typeof ImageService> {
  return {
    listImages: ({ filter }) => ({ images: listImages(deps, filter) }),
    async *streamImages({ filter }) {
      for (const images of listParts(ImageSchema, listImages(deps, filter))) yield { images };
    },

    imageStatus({ image: spec, verbose }) {
      const image = requestedImage(deps, spec);
      return image ? { image: imageMessage(image), info: verbose ? imageInfo(image) : {} } : {};
    },

    async pullImage({ image, auth }, { signal }) {
      return { imageRef: imageMessage(await pullImage(deps, { image, auth, signal })).id };
    },

    async removeImage({ image }) {
      await removeImage(deps, image);
      return {};
    },

    async imageFsInfo() {
      const { images, containers } = await fsInfo(deps);
      return { imageFilesystems: [images], containerFilesystems: [containers] };
    },
  };
}
