import { parseImageRef } from "../../image-ref.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { type Image, toImage } from "./image.js";

/** The name as containerd reads it, the same for every runtime; an ID stays what it is. */
export function completeName(ref: string): string {
  if (/^[0-9a-f]{64}$/.test(ref)) return `sha256:${ref}`;
  return /^sha256:[0-9a-f]{64}$/.test(ref) ? ref : parseImageRef(ref).toString();
}

/**
 * What to ask by: name, digest, ID, or the beginning of an ID unless that is the name of an image as well. CRI-O knows
 * no `sha256:` before its IDs, and who asks by it hears that there is no such image.
 */
function namesToAskBy(ref: string): string[] {
  const digits = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref)?.[1];
  if (digits !== undefined) return [ref, ref === digits ? `sha256:${digits}` : digits];
  return [completeName(ref), ...(/^[0-9a-f]{1,63}$/.test(ref) ? [ref] : [])];
}

/** Undefined where the runtime knows it by none of these. */
export async function findImage(
  { image: service }: ApiContext,
  ref: string,
  { handler = "", ...call }: CallOptions & { handler?: string | undefined },
): Promise<Image | undefined> {
  for (const name of namesToAskBy(ref)) {
    const { image } = await service.imageStatus({ image: { image: name, runtimeHandler: handler } }, call);
    if (image) return toImage(image);
  }
  return undefined;
}
