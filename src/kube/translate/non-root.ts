import type { Image } from "../../api/images/image.js";
import { CriError } from "../../errors.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";

/** Throws when `runAsNonRoot` is set and the container would run as root, or as nobody knows whom. */
export function checkNonRoot(
  { spec }: ReadPod,
  { securityContext, image: ref }: ReadContainer | ReadInitContainer,
  image: Pick<Image, "user">,
): void {
  const isAsked = securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot ?? false;
  const user = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
  if (!isAsked || (user !== undefined && user > 0)) return;
  const mend = "set runAsUser to another number";
  if (user === 0) throw refused(`runAsUser is 0, against runAsNonRoot: ${mend}`);
  if (typeof image.user === "string") {
    throw refused(`the image ${ref} runs as ${image.user}, which may be root, against runAsNonRoot: ${mend}`);
  }
  if (!image.user) throw refused(`the image ${ref} runs as root, against runAsNonRoot: ${mend}`);
}

function refused(message: string): CriError {
  return new CriError("failed_precondition", message);
}
