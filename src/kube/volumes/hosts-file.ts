import { readFile } from "node:fs/promises";
import type { ReadPod } from "../manifest/schema/pod.js";

const local = `# Made for this pod
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
fe00::\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;

/** The text of the pod's /etc/hosts: in the host's network the host's, else its own addresses; and its aliases. */
export async function hostsText(
  { hostNetwork, hostAliases }: ReadPod["spec"],
  { hostname, ips }: { readonly hostname: string; readonly ips: readonly string[] },
): Promise<string> {
  const base = hostNetwork ? await readFile("/etc/hosts", "utf8") : local;
  const own = hostNetwork ? [] : ips.map((ip) => `${ip}\t${hostname}`);
  const aliases = hostAliases.map(({ ip, hostnames }) => `${ip}\t${hostnames.join("\t")}`);
  return [base.trimEnd(), ...own, ...aliases, ""].join("\n");
}
