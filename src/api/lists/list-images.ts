import { forEachOf } from "../../async/for-each-of.js";
import type { Image as ImageMessage, StreamImagesResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { findImage } from "../images/find-image.js";
import { type Image, toImage } from "../images/image.js";
import { type ImageFilter, selectImages } from "./image-filter.js";

const atOnce = 8;

/** By name, those without one last. */
export async function listImages(
  context: ApiContext,
  filter: ImageFilter,
  options: CallOptions,
): Promise<Image[]> {
  const { image, matches, later } = selectImages(filter);
  const test = await later?.(context, options);
  const all =
    image === undefined
      ? (await context.lists.read(imageRpcs(context), options)).map(toImage)
      : await findOne(context, image, options);
  const chosen: Image[] = [];
  await forEachOf(all.filter(matches), atOnce, async (image) => {
    if (!test || (await test(image))) chosen.push(image);
  });
  return chosen.sort(byName);
}

export async function* streamImages(
  context: ApiContext,
  filter: ImageFilter,
  options: CallOptions,
): AsyncGenerator<Image, void, undefined> {
  const { image, matches, later } = selectImages(filter);
  const test = await later?.(context, options);
  for await (const one of candidates(context, image, options)) {
    if (matches(one) && (!test || (await test(one)))) yield one;
  }
}

async function* candidates(
  context: ApiContext,
  name: string | undefined,
  options: CallOptions,
): AsyncGenerator<Image, void, undefined> {
  if (name !== undefined) yield* await findOne(context, name, options);
  else for await (const message of context.lists.stream(imageRpcs(context), options)) yield toImage(message);
}

/** Not by the filter of ListImages: containerd takes no notice of it. */
async function findOne(context: ApiContext, ref: string, options: CallOptions): Promise<Image[]> {
  const image = await findImage(context, ref, options);
  return image ? [image] : [];
}

function imageRpcs({ image }: ApiContext): ListRpcs<StreamImagesResponse, ImageMessage> {
  return {
    name: "streamImages",
    stream: (options) => image.streamImages({}, options),
    itemsOf: ({ images }) => images,
    unary: async (options) => (await image.listImages({}, options)).images,
  };
}

function byName(a: Image, b: Image): number {
  const [x, y] = [a, b].map(({ repoTags: [tag], repoDigests: [digest], id }) => tag ?? `~${digest ?? id}`);
  return (x ?? "") < (y ?? "") ? -1 : 1;
}
