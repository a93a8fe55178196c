import { readFileSync } from "node:fs";

/** What the suite finds out about the host, and leaves specs out for. */
export interface Host {
  readonly appArmor: boolean;
}

export function thisHost(): Host {
  return { appArmor: isOn("/sys/module/apparmor/parameters/enabled") };
}

function isOn(path: string): boolean {
  try {
    return readFileSync(path, "utf8").startsWith("Y");
  } catch {
    return false;
  }
}
