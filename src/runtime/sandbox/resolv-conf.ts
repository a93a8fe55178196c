import { readFile } from "node:fs/promises";

import type { DNSConfig } from "../../proto.js";

/** The content of resolv.conf that a request asks for; undefined when it leaves that to the host. */
export function requestedResolvConf(dns: DNSConfig | undefined): string | undefined {
  if (!dns) return undefined;
  const lines = [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(" ")}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(" ")}`] : []),
  ];
  return lines.length > 0 ? `${lines.join("\n")}\n` : undefined;
}

/** Where hosts keep their DNS settings. */
export const hostResolvConfFiles = {
  usual: "/etc/resolv.conf",
  /** The servers that systemd-resolved asks, while the usual file names only its stub on the loopback. */
  behindStub: "/run/systemd/resolve/resolv.conf",
};

/**
 * The host's own content of resolv.conf for a pod. A server on the host's loopback is out of reach from
 * another network namespace, so that such a pod gets the servers behind it. Empty on a host without any.
 */
export async function hostResolvConf(
  { ownNetwork }: { ownNetwork: boolean },
  { usual, behindStub }: typeof hostResolvConfFiles = hostResolvConfFiles,
): Promise<string> {
  const content = await readFile(usual, "utf8").catch(() => "");
  if (!ownNetwork || !hasOnlyLoopback(content)) return content;
  return readFile(behindStub, "utf8").catch(() => content);
}

function hasOnlyLoopback(content: string): boolean {
  const servers = [...content.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = ""]) => server);
  return servers.length > 0 && servers.every((server) => /^(127\.|::1$)/.test(server));
}
