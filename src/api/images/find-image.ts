import { parseImageRef } from "../../image-ref.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { type Image, toImage } from "./image.js";

/** The name as containerd reads it, the same for every runtime; an ID stays what it is. */
export function completeName(ref: string): string {
  if (/^[0-9a-f]{64}$/.test(ref)) return `sha256:${ref}`;
  return /^sha256:[0-9a-f]{64}$/.test(ref) ? ref : parseImageRef(ref).toString();
}

/** By name, digest, ID, or the beginning of an ID unless that is the name of an image as well. */
export async function findImage(
  { image: service }: ApiContext,
  ref: string,
  { handler = "", ...call }: CallOptions & { handler?: string | undefined },
): Promise<Image | undefined> {
  const names = [completeName(ref), ...(/^[0-9a-f]{1,63}$/.test(ref) ? [ref] : [])];
  for (const name of names) {
    const { image } = await service.imageStatus({ image: { image: name, runtimeHandler: handler } }, call);
    if (image) return toImage(image);
  }
  return undefined;
}
