import type { CriClient } from "../../api/client.js";
import type { Image } from "../../api/images/image.js";
import { CriError, NotFoundError } from "../../errors.js";
import { parseImageRef } from "../../image-ref.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";

/** When the image of a container is pulled: each time, when it is not there, or not at all. */
export type PullPolicy = "Always" | "IfNotPresent" | "Never";

export interface ObtainOptions {
  /** In place of what the container says. */
  readonly pullPolicy: PullPolicy | undefined;
  readonly handler: string;
  readonly signal: AbortSignal;
}

export interface ObtainedImage {
  readonly image: Image;
  readonly pulled: boolean;
}

/** Has the runtime pull the image where the policy says so. */
export async function obtainImage(
  cri: CriClient,
  { image: ref, imagePullPolicy }: ReadContainer | ReadInitContainer,
  { pullPolicy, handler, signal }: ObtainOptions,
): Promise<ObtainedImage> {
  const policy = pullPolicy ?? imagePullPolicy ?? defaultPolicy(ref);
  const present = await cri.images.status(ref, { handler, signal });
  if (present && policy !== "Always") return { image: present, pulled: false };
  if (policy === "Never") {
    throw new NotFoundError(`image ${ref} is not there, and its pull policy is Never: bring it in before`);
  }
  try {
    await cri.images.pull(ref, { handler, signal });
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CriError(
      cause instanceof CriError ? cause.code : "unknown",
      `image ${ref} could not be pulled: ${reason}`,
      {
        cause,
      },
    );
  }
  const image = await cri.images.status(ref, { handler, signal });
  if (!image) throw new NotFoundError(`image ${ref} was pulled, and is not there: somebody has removed it`);
  return { image, pulled: true };
}

/** A tag that moves is pulled each time. */
function defaultPolicy(ref: string): PullPolicy {
  const { tag, digest } = parseImageRef(ref);
  return digest === undefined && tag === "latest" ? "Always" : "IfNotPresent";
}
