import { NotFoundError } from "../errors.js";
import { carryFailures } from "./carry-failures.js";

/** For what asks that something be gone. */
export async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/**
 * Disposes of a pod or a container. A stop that fails does not keep it from being removed, since the removal
 * ends what runs as well; where that fails, too, its error carries the other.
 */
export async function stopThenRemove(stop: () => Promise<void>, remove: () => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  try {
    await ignoreMissing(stop());
  } catch (error) {
    failures.push(error);
  }
  try {
    await remove();
  } catch (error) {
    carryFailures(error, failures);
    throw error;
  }
}
