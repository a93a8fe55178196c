import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import { runCommand } from "../run-command.js";

const timeoutMs = 10_000;

/** Removes a bridge interface; one of another kind is left alone. Absent: done. */
export async function removeBridge(bridge: string): Promise<void> {
  if (!(await exists(interfaceDirectory(bridge)))) return;
  if (!(await exists(join(interfaceDirectory(bridge), "bridge")))) {
    throw new CriError("failed_precondition", `Interface ${bridge} is not a bridge: it is not removed`);
  }
  try {
    await runCommand("ip", ["link", "delete", "dev", bridge], { timeoutMs });
  } catch (error) {
    if (await exists(interfaceDirectory(bridge))) throw error;
  }
}

/**
 * Gives a bridge an address if it has none. Until the plugin has set one, a bridge has that of its first interface;
 * when that goes, with a pod that was given up, zeros are left, which the plugin cannot set. Absent: done.
 */
export async function mendBridge(bridge: string): Promise<void> {
  if (addressOf(bridge) !== "00:00:00:00:00:00") return;
  // The first byte says: of one host, made up by its owner.
  const address = ["02", ...randomBytes(5).toString("hex").matchAll(/../g)].join(":");
  await runCommand("ip", ["link", "set", "dev", bridge, "address", address], { timeoutMs });
}

function addressOf(name: string): string | undefined {
  try {
    return readFileSync(join(interfaceDirectory(name), "address"), "utf8").trim();
  } catch {
    return undefined;
  }
}

function interfaceDirectory(name: string): string {
  return join("/sys/class/net", name);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
