import { CriError } from "../../../errors.js";
import { CommandError, runCommand } from "../run-command.js";
import { messageOf } from "./past-failures.js";

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
  try {
    const rules = [masqueradeRule(network), ...forwardRules(network)];
    if (await areSaved(rules)) return;
    for (const rule of rules) {
      if (!(await isThere(rule))) await iptables(rule.action, rule);
    }
  } catch (cause) {
    const why = `Pods on bridge ${network.bridge} cannot be let beyond the host: ${messageOf(cause)}`;
    throw new CriError("internal", why, { cause });
  }
}

/** Removes every rule that bears the bridge's name, those for another subnet too. Absent: done. */
export async function removeMasquerade({ bridge }: Pick<Masquerade, "bridge">): Promise<void> {
  const mark = `"${commentText(bridge)}"`;
  for (const chain of [postrouting, forward]) {
    const { stdout } = await list(chain);
    for (const line of stdout.split("\n").filter((rule) => rule.includes(mark))) {
      const match = line.match(/"[^"]*"|\S+/g)?.slice(2) ?? [];
      await iptables("-D", { ...chain, match: match.map((word) => word.replaceAll('"', "")) });
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

/** Whether all are there, by a single look, as each pod has it taken. False also when they are spelt otherwise. */
async function areSaved(rules: readonly Rule[]): Promise<boolean> {
  const lines = (await runCommand("iptables-save", [], { timeoutMs })).stdout.split("\n");
  return rules.every(({ chain, match }) => lines.includes(["-A", chain, ...match.map(quoted)].join(" ")));
}

function quoted(word: string): string {
  return word.includes(" ") ? `"${word}"` : word;
}

async function isThere(rule: Rule): Promise<boolean> {
  try {
    await iptables("-C", rule);
    return true;
  } catch (error) {
    // 1 is its answer "no"; 2 to 4 are misuse, another version and a lock that cannot be had.
    if (error instanceof CommandError && error.exitCode === 1) return false;
    throw error;
  }
}

/** The chain's policy and rules, as arguments that would make them. */
function list({ table, chain }: Chain) {
  return runCommand("iptables", ["-w", "-t", table, "-S", chain], { timeoutMs });
}

async function iptables(action: string, { table, chain, match }: Chain & { match: string[] }): Promise<void> {
  await runCommand("iptables", ["-w", "-t", table, action, chain, ...match], { timeoutMs });
}
