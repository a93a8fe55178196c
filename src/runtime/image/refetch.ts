import { CriError } from "../../errors.js";
import type { Logger } from "../log.js";

/** Does the work once more when what it fetched was damaged on its way. */
export async function refetchDamaged<T>(log: Logger, source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CriError && error.code === "data_loss")) throw error;
    log.warn("Part of an image arrived damaged and is fetched again", { source, error });
    return work();
  }
}
