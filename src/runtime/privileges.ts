import { readFile } from "node:fs/promises";

import { CriError } from "../errors.js";
import { capabilitiesOf } from "./capability-names.js";

/** What the daemon itself cannot do without: mounts and namespaces, bridges and firewall rules. */
const needed = ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"];

/** Throws when this process may not do what the runtime does. */
export async function checkPrivileges(): Promise<void> {
  if (process.platform !== "linux") {
    throw refusal(`crikit-runtime runs Linux containers and this is ${process.platform}`);
  }
  if (process.getuid?.() !== 0) throw refusal("crikit-runtime needs root: it mounts, and makes namespaces");
  // The whole range of IDs maps to itself; within a user namespace root's capabilities do not reach far enough.
  const map = (await readFile("/proc/self/uid_map", "utf8").catch(() => "")).trim().split(/\s+/);
  if (map.length === 3 && map.join(" ") !== "0 0 4294967295") {
    throw refusal("crikit-runtime needs root of the machine: root of a user namespace is not enough");
  }
  const status = await readFile("/proc/self/status", "utf8");
  const held = capabilitiesOf(/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? "0");
  const missing = needed.filter((name) => !held.includes(name));
  if (missing.length > 0) {
    throw refusal(`crikit-runtime needs ${missing.join(" and ")}: run the container privileged`);
  }
}

function refusal(message: string): CriError {
  return new CriError("permission_denied", message);
}
