import { CommandError, runCommand } from "../run-command.js";

export { removeBridge } from "./bridge.js";

/** A bridge whose pods may reach beyond the host. */
export interface Masquerade {
  bridge: string;
  subnet: string;
}

interface Rule {
  table: "nat" | "filter";
  chain: string;
  match: string[];
}

const timeoutMs = 20_000;

/**
 * Lets the pods of a subnet reach beyond the host, by one rule for all of them. Where the host forwards
 * nothing by itself, as beside Docker, two more let their packets and the answers through. All bear the
 * bridge's name in a comment. Repeating it adds nothing.
 */
export async function ensureMasquerade(network: Masquerade): Promise<void> {
  await ensure(network, masqueradeRule(network));
  if (await forwardsByDefault(network)) return;
  for (const rule of forwardRules(network)) await ensure(network, rule);
}

/** Removes the rules, however often they are there. Absent: done. */
export async function removeMasquerade(network: Masquerade): Promise<void> {
  for (const rule of [masqueradeRule(network), ...forwardRules(network)]) {
    while (await isThere(network, rule)) await iptables(network, "-D", rule);
  }
}

function masqueradeRule({ bridge, subnet }: Masquerade): Rule {
  const match = ["-s", subnet, "!", "-o", bridge, ...comment(bridge), "-j", "MASQUERADE"];
  return { table: "nat", chain: "POSTROUTING", match };
}

/** What comes in from elsewhere passes only as an answer, or by a port mapping. */
function forwardRules({ bridge }: Masquerade): Rule[] {
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT"];
  return [
    ["-i", bridge, ...comment(bridge), "-j", "ACCEPT"],
    ["-o", bridge, ...answers, ...comment(bridge), "-j", "ACCEPT"],
  ].map((match) => ({ table: "filter", chain: "FORWARD", match }));
}

function comment(bridge: string): string[] {
  return ["-m", "comment", "--comment", `crikit ${bridge}`];
}

async function forwardsByDefault({ subnet }: Masquerade): Promise<boolean> {
  const { stdout } = await runCommand(program(subnet), ["-w", "-S", "FORWARD"], { timeoutMs });
  return stdout.split("\n").includes("-P FORWARD ACCEPT");
}

async function ensure(network: Masquerade, rule: Rule): Promise<void> {
  if (!(await isThere(network, rule))) await iptables(network, "-A", rule);
}

async function isThere(network: Masquerade, rule: Rule): Promise<boolean> {
  try {
    await iptables(network, "-C", rule);
    return true;
  } catch (error) {
    // 1 is its answer "no"; 2 to 4 are misuse, another version and a lock that cannot be had.
    if (error instanceof CommandError && error.exitCode === 1) return false;
    throw error;
  }
}

async function iptables(network: Masquerade, action: string, rule: Rule): Promise<void> {
  const args = ["-w", "-t", rule.table, action, rule.chain, ...rule.match];
  await runCommand(program(network.subnet), args, { timeoutMs });
}

function program(subnet: string): string {
  return subnet.includes(":") ? "ip6tables" : "iptables";
}
