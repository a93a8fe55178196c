import { CommandError, runCommand } from "../run-command.js";

export { removeBridge } from "./bridge.js";

/** A bridge whose pods may reach beyond the host. */
export interface Masquerade {
  bridge: string;
  subnet: string;
}

interface Chain {
  table: "nat" | "filter";
  chain: string;
}

interface Rule extends Chain {
  match: string[];
}

const postrouting: Chain = { table: "nat", chain: "POSTROUTING" };
const forward: Chain = { table: "filter", chain: "FORWARD" };

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

/** Removes every rule that bears the bridge's name, those for another subnet too. Absent: done. */
export async function removeMasquerade(network: Masquerade): Promise<void> {
  const mark = `"${commentText(network.bridge)}"`;
  for (const chain of [postrouting, forward]) {
    const { stdout } = await list(network, chain);
    for (const line of stdout.split("\n").filter((rule) => rule.includes(mark))) {
      const match = line.match(/"[^"]*"|\S+/g)?.slice(2) ?? [];
      await iptables(network, "-D", { ...chain, match: match.map((word) => word.replaceAll('"', "")) });
    }
  }
}

function masqueradeRule({ bridge, subnet }: Masquerade): Rule {
  const match = ["-s", subnet, "!", "-o", bridge, ...comment(bridge), "-j", "MASQUERADE"];
  return { ...postrouting, match };
}

/** What comes in from elsewhere passes only as an answer, or by a port mapping. */
function forwardRules({ bridge }: Masquerade): Rule[] {
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT"];
  return [
    ["-i", bridge, ...comment(bridge), "-j", "ACCEPT"],
    ["-o", bridge, ...answers, ...comment(bridge), "-j", "ACCEPT"],
  ].map((match) => ({ ...forward, match }));
}

function comment(bridge: string): string[] {
  return ["-m", "comment", "--comment", commentText(bridge)];
}

function commentText(bridge: string): string {
  return `crikit ${bridge}`;
}

async function forwardsByDefault(network: Masquerade): Promise<boolean> {
  const { stdout } = await list(network, forward);
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

/** The chain's policy and rules, as arguments that would make them. */
function list({ subnet }: Masquerade, { table, chain }: Chain) {
  return runCommand(program(subnet), ["-w", "-t", table, "-S", chain], { timeoutMs });
}

async function iptables(network: Masquerade, action: string, rule: Rule): Promise<void> {
  const args = ["-w", "-t", rule.table, action, rule.chain, ...rule.match];
  await runCommand(program(network.subnet), args, { timeoutMs });
}

function program(subnet: string): string {
  return subnet.includes(":") ? "ip6tables" : "iptables";
}
