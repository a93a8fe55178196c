import { InvalidArgumentError } from "../../errors.js";
import type { ContainerSummary } from "../container-status.js";
import { completeName, findImage } from "../find-image.js";
import { checkText, type LaterTest } from "./conditions.js";

/**
 * Runtimes tell differently what a container was made from: the name as it was asked for or completed, the ID or
 * the digest of the image, in one field or another. Any of these will do.
 */
export function imageTest(image: string | undefined): LaterTest<ContainerSummary> {
  if (image === undefined) return async () => () => true;
  const name = nameOf(image);
  return async (context, call) => {
    const found = await findImage(context, image, call);
    const names = new Set([name, ...(found ? [found.id, ...found.repoDigests] : [])]);
    return ({ image, imageRef, raw }) =>
      [imageRef, raw.imageId, image, raw.image?.userSpecifiedImage ?? ""].some(
        (text) => text !== "" && (names.has(text) || names.has(completedOrNot(text))),
      );
  };
}

function nameOf(image: string): string {
  checkText("image", image);
  try {
    return completeName(image);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(error.message, { field: "image", cause: error });
  }
}

/** What a runtime tells need not be a name. */
function completedOrNot(text: string): string {
  try {
    return completeName(text);
  } catch {
    return text;
  }
}
