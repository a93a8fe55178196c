import type { Int64Value } from "../../proto.js";
import { invalid } from "./invalid.js";

/** The parts of a security context, a sandbox's or a container's, that say who a process runs as. */
export interface UserFields {
  runAsUser?: Int64Value | undefined;
  /** Containers only. */
  runAsUsername?: string | undefined;
  runAsGroup?: Int64Value | undefined;
  supplementalGroups: readonly bigint[];
}

const context = "config.linux.security_context";
/** The highest that container engines agree on, though the kernel counts twice as far. */
const highestId = 2 ** 31 - 1;

/** Refuses what CRI does not allow, before any image is looked at. Throws `InvalidArgumentError`. */
export function checkUserFields(fields: UserFields): void {
  const named = fields.runAsUsername !== undefined && fields.runAsUsername !== "";
  if (fields.runAsGroup && !fields.runAsUser && !named) {
    throw invalid(`${context}.run_as_group`, "is set without run_as_user or run_as_username");
  }
  if (fields.runAsUser && named) {
    throw invalid(
      `${context}.run_as_username`,
      "is set beside run_as_user: only one of them can say who runs",
    );
  }
  if (fields.runAsUser) checkId(fields.runAsUser.value, "run_as_user");
  if (fields.runAsGroup) checkId(fields.runAsGroup.value, "run_as_group");
  fields.supplementalGroups.forEach((group, index) => {
    checkId(group, `supplemental_groups[${index}]`);
  });
}

function checkId(id: bigint, field: string): void {
  if (id >= 0n && id <= highestId) return;
  throw invalid(`${context}.${field}`, `is ${id}, and must be between 0 and ${highestId}`);
}
