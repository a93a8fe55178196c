import { access } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import { runCommand } from "../run-command.js";

/** Removes a bridge interface; one of another kind is left alone. Absent: done. */
export async function removeBridge(bridge: string): Promise<void> {
  if (!(await exists(interfaceDirectory(bridge)))) return;
  if (!(await exists(join(interfaceDirectory(bridge), "bridge")))) {
    throw new CriError("failed_precondition", `Interface ${bridge} is not a bridge: it is not removed`);
  }
  try {
    await runCommand("ip", ["link", "delete", "dev", bridge], { timeoutMs: 10_000 });
  } catch (error) {
    if (await exists(interfaceDirectory(bridge))) throw error;
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
