import { InvalidArgumentError } from "../../errors.js";

/** The host's IDs of users and groups that those of a pod are, from 0 on in the pod. */
export interface UserRange {
  /** What the pod's root is on the host. */
  first: number;
  /** 65536 unless told. An image whose files belong to higher IDs, or a `runAsUser` above, wants more. */
  count?: number | undefined;
}

/** A `UserRange` that can be. */
export interface ReadUserRange {
  readonly first: number;
  readonly count: number;
}

/** What kubelet gives a pod. */
export const usersOfPod = 65_536;
/** The kernel keeps the highest number for "no ID". */
const idCount = 2 ** 32 - 1;

/** @throws InvalidArgumentError that names the field. */
export function readUserRange({ first, count = usersOfPod }: UserRange): ReadUserRange {
  if (!Number.isSafeInteger(first) || first < 1) {
    throw refused("userRange.first", `is ${first}: give a whole number, 1 or more, as 0 is the host's root`);
  }
  if (!Number.isSafeInteger(count) || count < 1) {
    throw refused("userRange.count", `is ${count}: give a whole number, 1 or more`);
  }
  if (first + count <= idCount) return { first, count };
  throw refused("userRange.count", `is ${count}, which leads past the last ID, ${idCount - 1}`);
}

function refused(field: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError(`${field} ${message}`, { field });
}

/** In CRI's words, for users and groups alike. */
export function idMappings({ first, count }: ReadUserRange) {
  return [{ containerId: 0, hostId: first, length: count }];
}
