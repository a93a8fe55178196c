import { CommandError, runCommand } from "../run-command.js";

export interface Masquerade {
  bridge: string;
  subnet: string;
}

interface Rule {
  table: string;
  chain: string;
  match: string[];
}

// The FORWARD rules matter beside Docker, which sets the chain's policy to DROP.
function rules({ bridge, subnet }: Masquerade): Rule[] {
  const comment = ["-m", "comment", "--comment", `crikit ${bridge}`];
  return [
    {
      table: "nat",
      chain: "POSTROUTING",
      match: ["-s", subnet, "!", "-o", bridge, ...comment, "-j", "MASQUERADE"],
    },
    { table: "filter", chain: "FORWARD", match: ["-i", bridge, ...comment, "-j", "ACCEPT"] },
    { table: "filter", chain: "FORWARD", match: ["-o", bridge, ...comment, "-j", "ACCEPT"] },
  ];
}

/** Lets the pods of a subnet reach beyond the host, by one rule for all of them. Repeating it adds nothing. */
export async function ensureMasquerade(network: Masquerade): Promise<void> {
  for (const rule of rules(network)) {
    if (!(await iptables("-C", rule))) await iptables("-A", rule, { required: true });
  }
}

/** Removes the rules. Absent: done. */
export async function removeMasquerade(network: Masquerade): Promise<void> {
  for (const rule of rules(network)) {
    while (await iptables("-D", rule));
  }
}

/** Removes the bridge interface. Absent: done. */
export async function removeBridge(bridge: string): Promise<void> {
  try {
    await runCommand("ip", ["link", "delete", bridge]);
  } catch (error) {
    if (!(error instanceof CommandError && /Cannot find device/.test(error.stderr))) throw error;
  }
}

async function iptables(action: string, rule: Rule, { required = false } = {}): Promise<boolean> {
  try {
    await runCommand("iptables", ["-w", "-t", rule.table, action, rule.chain, ...rule.match]);
    return true;
  } catch (error) {
    if (!required && error instanceof CommandError && error.exitCode === 1) return false;
    throw error;
  }
}
