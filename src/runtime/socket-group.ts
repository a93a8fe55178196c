import { InvalidArgumentError } from "../errors.js";
import { groupId } from "./adapters/host/group-id.js";
import { settings } from "./config/settings.js";
import type { RuntimeConfig } from "./config.js";

/** The number of the group that may use the socket; undefined when only root may. Throws when there is none. */
export async function socketGroup({ socketGroup: group }: RuntimeConfig): Promise<number | undefined> {
  if (group === undefined) return undefined;
  const gid = await groupId(group);
  if (gid !== undefined) return gid;
  throw new InvalidArgumentError(
    `${settings.socketGroup.key}: there is no group "${group}": groupadd ${group}`,
    { field: "socketGroup" },
  );
}
