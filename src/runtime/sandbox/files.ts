import { chmod, readFile, writeFile } from "node:fs/promises";

import type { PodSandboxConfig } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { hostResolvConf, requestedResolvConf } from "./resolv-conf.js";

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
  const ownNetwork = record.netns !== undefined;
  const dns = requestedResolvConf(config.dnsConfig) ?? (await hostResolvConf({ ownNetwork }));
  const hosts = ownNetwork ? podHosts(ips, record.hostname) : await hostHosts();
  await Promise.all([
    write(paths.hostname, `${record.hostname}\n`),
    write(paths.resolvConf, dns),
    write(paths.hosts, hosts),
    record.hostIpc ? undefined : deps.tmpfs.mount(paths.shm, { sizeBytes: shmSizeBytes }),
  ]);
}

function podHosts(ips: readonly string[], hostname: string): string {
  const own = ips.map((ip) => `${ip}\t${hostname}`);
  return ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", ...own, ""].join("\n");
}

/** A host may lack the file. */
function hostHosts(): Promise<string> {
  return readFile("/etc/hosts", "utf8").catch(() => "");
}

/** For every user in the pod to read, whatever the daemon's umask. */
async function write(path: string, content: string): Promise<void> {
  await writeFile(path, content);
  await chmod(path, 0o644);
}
