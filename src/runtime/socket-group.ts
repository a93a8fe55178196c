import { chmod, chown } from "node:fs/promises";
import { dirname } from "node:path";

import { InvalidArgumentError } from "../errors.js";
import { groupId } from "./adapters/host/group-id.js";
import { settings } from "./config/settings.js";
import { type RuntimeConfig, socketPath } from "./config.js";

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

/** Lets the group pass through the state directory where the socket lies in it. Other directories are not ours. */
export async function openWayToSocket(config: RuntimeConfig, gid: number | undefined): Promise<void> {
  if (dirname(socketPath(config)) !== config.state) return;
  await chown(config.state, process.getuid?.() ?? 0, gid ?? 0);
  await chmod(config.state, gid === undefined ? 0o700 : 0o710);
}
