import { allDone } from "../../../async/all-done.js";
import { CommandError, runCommand } from "../run-command.js";

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
  /** Whether it is added behind (-A) or before (-I) those of others. */
  action: "-A" | "-I";
  match: string[];
}

const postrouting: Chain = { table: "nat", chain: "POSTROUTING" };
const forward: Chain = { table: "filter", chain: "FORWARD" };

const timeoutMs = 20_000;

/**
 * Lets the pods of a subnet reach beyond the host, by one rule for all of them, and lets their packets through
 * where the host forwards nothing by itself, as beside Docker. The rules bear the bridge's name in a comment.
 * Repeating it adds nothing.
 */
export async function ensureMasquerade(network: Masquerade): Promise<void> {
  const rules = [masqueradeRule(network), ...forwardRules(network)];
  const present = await allDone(rules.map((rule) => isThere(network, rule)));
  for (const [index, rule] of rules.entries()) {
    if (!present[index]) await iptables(network, rule.action, rule);
  }
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
  return { ...postrouting, action: "-A", match };
}

/**
 * What comes in from elsewhere passes only as an answer, or by a port mapping. They stand first, since a
 * firewall may end its chain with a rule that refuses everything.
 */
function forwardRules({ bridge }: Masquerade): Rule[] {
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT"];
  return [
    ["-i", bridge, ...comment(bridge), "-j", "ACCEPT"],
    ["-o", bridge, ...answers, ...comment(bridge), "-j", "ACCEPT"],
  ].map((match) => ({ ...forward, action: "-I", match }));
}

function comment(bridge: string): string[] {
  return ["-m", "comment", "--comment", commentText(bridge)];
}

function commentText(bridge: string): string {
  return `crikit ${bridge}`;
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

async function iptables(
  network: Masquerade,
  action: string,
  rule: Chain & { match: string[] },
): Promise<void> {
  const args = ["-w", "-t", rule.table, action, rule.chain, ...rule.match];
  await runCommand(program(network.subnet), args, { timeoutMs });
}

function program(subnet: string): string {
  return subnet.includes(":") ? "ip6tables" : "iptables";
}
