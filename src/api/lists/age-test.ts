import { CriError, NotFoundError } from "../../errors.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { findImage } from "../images/find-image.js";
import type { Image } from "../images/image.js";
import { parseVerboseInfo } from "../verbose-info.js";
import type { LaterTest } from "./conditions.js";

/**
 * CRI has no time in its images. What they were built by says one, and all runtimes show that beside the contract. crictl
 * goes by the order of the list instead, which says nothing.
 */
export function ageTest({
  before,
  since,
}: {
  before: string | undefined;
  since: string | undefined;
}): LaterTest<Image, Promise<boolean>> {
  return async (context, call) => {
    const [least, most] = [
      since === undefined ? Number.NEGATIVE_INFINITY : await builtAtOf(context, since, call),
      before === undefined ? Number.POSITIVE_INFINITY : await builtAtOf(context, before, call),
    ];
    return async ({ id }) => {
      const time = await builtAt(context, id, call);
      return time !== undefined && least < time && time < most;
    };
  };
}

async function builtAtOf(context: ApiContext, ref: string, call: CallOptions): Promise<number> {
  const image = await findImage(context, ref, call);
  if (!image) throw new NotFoundError(`Image ${ref}, which the filter compares with, is not there`);
  const time = await builtAt(context, image.id, call);
  if (time !== undefined) return time;
  throw new CriError("failed_precondition", `Image ${ref} does not tell when it was built`);
}

async function builtAt({ image }: ApiContext, id: string, call: CallOptions): Promise<number | undefined> {
  const { info } = await image.imageStatus({ image: { image: id }, verbose: true }, call);
  const { imageSpec } = (parseVerboseInfo(info).info ?? {}) as { imageSpec?: { created?: unknown } };
  const time = Date.parse(String(imageSpec?.created));
  return Number.isNaN(time) ? undefined : time;
}
