import type { Image } from "../images/image.js";
import { ageTest } from "./age-test.js";
import { checkFields, type LaterTest, type Test, wrong } from "./conditions.js";
import { readImageName } from "./image-name.js";

/** All that is set must hold. */
export interface ImageFilter {
  /** The one image of this name (`nginx` is `docker.io/library/nginx:latest`), digest, ID, or beginning of an ID. */
  image?: string | undefined;
  /**
   * Matches one of the image's names somewhere: `docker.io/library/nginx:latest` and
   * `docker.io/library/nginx@sha256:...` are such.
   */
  reference?: RegExp | undefined;
  /** Whether it has no tag; mostly because its tag has moved to another image. */
  dangling?: boolean | undefined;
  /**
   * Built before this image (by name, digest or ID), as the two tell it themselves. Costs a question for each image
   * that meets the rest of the filter, as `since` does. One that does not tell is neither before nor since.
   */
  before?: string | undefined;
  /** Built after this image. */
  since?: string | undefined;
}

/** A filter as it is carried out. */
export interface ImageSelection {
  /** The one image asked for. */
  readonly image: string | undefined;
  readonly matches: Test<Image>;
  /** What must be asked for: decides on what `matches` has let through. */
  readonly later: LaterTest<Image, Promise<boolean>> | undefined;
}

const imageFilterFields = ["image", "reference", "dangling", "before", "since"];

/** @throws InvalidArgumentError that names the field. */
export function selectImages(filter: ImageFilter): ImageSelection {
  checkFields(filter, imageFilterFields);
  const { image, reference, dangling, before, since } = filter;
  for (const [field, name] of Object.entries({ image, before, since })) {
    if (name !== undefined) readImageName(field, name);
  }
  if (reference !== undefined && !(reference instanceof RegExp)) {
    throw wrong("reference", "must be a regular expression; for one image by its name there is image");
  }
  if (dangling !== undefined && typeof dangling !== "boolean")
    throw wrong("dangling", "must be true or false");
  return {
    image,
    matches: ({ repoTags, repoDigests }) =>
      (!reference || [...repoTags, ...repoDigests].some((name) => name.search(reference) >= 0)) &&
      (dangling === undefined || dangling === (repoTags.length === 0)),
    later: before === undefined && since === undefined ? undefined : ageTest({ before, since }),
  };
}
