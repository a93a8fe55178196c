import type { CriClient } from "../../api/client.js";
import type { Rollback } from "../../async/rollback.js";
import { ManifestError } from "../../errors.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { type ReadUserRange, readUserRange, type UserRange } from "../translate/user-range.js";
import { chooseUserRange } from "./choose-range.js";

export interface PodUsersOptions {
  readonly userRange: UserRange | undefined;
  readonly rollback: Rollback;
  readonly signal: AbortSignal | undefined;
}

/**
 * The users of a pod that has its own; undefined where they are the host's.
 *
 * @throws ManifestError where the runtime's handler makes no user namespaces: a pod without one would be as root as
 * it was not to be.
 */
export async function podUsers(
  cri: CriClient,
  { spec }: ReadPod,
  { userRange, rollback, signal }: PodUsersOptions,
): Promise<ReadUserRange | undefined> {
  const given = userRange && readUserRange(userRange);
  if (spec.hostUsers) return undefined;
  const name = spec.runtimeClassName ?? "";
  const { handlers } = await cri.info({ signal });
  if (!handlers.some((handler) => handler.name === name && handler.userNamespaces)) {
    const handler = name === "" ? "default handler" : `handler ${name}`;
    const message = `is false, and the runtime says of its ${handler} that it has no user namespaces`;
    throw new ManifestError([{ path: "spec.hostUsers", kind: "unsupported", message }]);
  }
  return given ?? chooseUserRange(cri, { rollback, signal });
}
