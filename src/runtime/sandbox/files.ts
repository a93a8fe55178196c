import { copyFile, readFile, writeFile } from "node:fs/promises";

import type { DNSConfig, PodSandboxConfig } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

const shmSizeBytes = 64 * 1024 * 1024;

export interface SandboxFilesInput {
  record: SandboxRecord;
  config: PodSandboxConfig;
  ips: readonly string[];
}

/** Makes what all containers of a pod see: its DNS settings, hosts, hostname and shared memory. */
export async function makeSandboxFiles(deps: RuntimeDeps, input: SandboxFilesInput): Promise<void> {
  const { record, config, ips } = input;
  const paths = deps.paths.sandbox(record.id);
  const dns = resolvConf(config.dnsConfig);
  await Promise.all([
    writeFile(paths.hostname, `${record.hostname}\n`),
    dns === undefined ? copyHostFile("/etc/resolv.conf", paths.resolvConf) : writeFile(paths.resolvConf, dns),
    record.netns === undefined
      ? copyHostFile("/etc/hosts", paths.hosts)
      : writeFile(paths.hosts, hosts(ips, record.hostname)),
    record.hostIpc ? undefined : deps.tmpfs.mount(paths.shm, { sizeBytes: shmSizeBytes }),
  ]);
}

/** The content of resolv.conf; undefined when the request leaves it to the host. */
function resolvConf(dns: DNSConfig | undefined): string | undefined {
  if (!dns) return undefined;
  const lines = [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(" ")}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(" ")}`] : []),
  ];
  return lines.length > 0 ? `${lines.join("\n")}\n` : undefined;
}

function hosts(ips: readonly string[], hostname: string): string {
  const own = ips.map((ip) => `${ip}\t${hostname}`);
  return ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", ...own, ""].join("\n");
}

/** A host may lack the file; an empty one then stands in for it. */
async function copyHostFile(source: string, target: string): Promise<void> {
  try {
    await copyFile(source, target);
  } catch {
    await writeFile(target, await readFile(source, "utf8").catch(() => ""));
  }
}
