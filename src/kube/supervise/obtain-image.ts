import type { CriClient } from "../../api/client.js";
import type { Image } from "../../api/images/image.js";
import type { PullOptions } from "../../api/images/pull-options.js";
import { NotFoundError } from "../../errors.js";
import { parseImageRef } from "../../image-ref.js";

/** When an image is pulled: each time, when it is not there, or not at all. */
export type PullPolicy = "Always" | "IfNotPresent" | "Never";

const policies = { Always: "always", IfNotPresent: "if-not-present", Never: "never" } as const;

/** What a manifest says of an image. */
export interface WantedImage {
  readonly reference: string;
  readonly pullPolicy: PullPolicy | undefined;
}

export interface ObtainOptions {
  /** In place of what the manifest says. */
  readonly pullPolicy: PullPolicy | undefined;
  readonly handler: string;
  /** Undefined: the client's own way of looking for them. */
  readonly auth: PullOptions["auth"];
  readonly signal: AbortSignal;
}

export interface ObtainedImage {
  readonly image: Image;
  readonly pulled: boolean;
}

/** Has the runtime pull the image where the policy says so. */
export async function obtainImage(
  cri: CriClient,
  { reference: ref, pullPolicy: ofManifest }: WantedImage,
  { pullPolicy, handler, auth, signal }: ObtainOptions,
): Promise<ObtainedImage> {
  const policy = policies[pullPolicy ?? ofManifest ?? defaultPolicy(ref)];
  const { pulled } = await cri.images.ensure(ref, { policy, handler, auth, signal });
  const image = await cri.images.status(ref, { handler, signal });
  if (!image) throw new NotFoundError(`image ${ref} was there, and is no more: somebody has removed it`);
  return { image, pulled };
}

/** A tag that moves is pulled each time. */
function defaultPolicy(ref: string): PullPolicy {
  const { tag, digest } = parseImageRef(ref);
  return digest === undefined && tag === "latest" ? "Always" : "IfNotPresent";
}
