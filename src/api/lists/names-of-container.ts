import type { ContainerSummary } from "../container-status.js";
import { completeName } from "../images/find-image.js";

/**
 * All that a list tells of the image that a container was made from. Runtimes tell it differently: the name as it was
 * asked for or completed, the ID or the digest of the image, in one field or another.
 */
export function namesOfContainer({ image, imageRef, raw }: ContainerSummary): string[] {
  const told = [imageRef, raw.imageId, image, raw.image?.userSpecifiedImage ?? ""];
  return told.flatMap(namesToldAs);
}

/** A name as it is told and in its completed form; none of an empty text. */
export function namesToldAs(text: string): string[] {
  return text === "" ? [] : [text, completedOrNot(text)];
}

/** What a runtime tells need not be a name. */
function completedOrNot(text: string): string {
  try {
    return completeName(text);
  } catch {
    return text;
  }
}
