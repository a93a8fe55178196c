import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

import type { PodSandboxConfig } from "../../proto.js";
import { relabel } from "../adapters/selinux/relabel.js";
import type { RuntimeDeps } from "../deps.js";
import type { IdMappings } from "../oci.js";
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
  const { userns } = record;
  const dns = requestedResolvConf(config.dnsConfig) ?? (await hostResolvConf({ ownNetwork }));
  const hosts = ownNetwork ? podHosts(ips, record.hostname) : await hostHosts();
  write(paths.hostname, `${record.hostname}\n`, userns);
  write(paths.resolvConf, dns, userns);
  write(paths.hosts, hosts, userns);
  if (!record.hostIpc) await mountShm(deps, record);
  if (record.selinux) await relabel([paths.hostname, paths.resolvConf, paths.hosts], record.selinux.file);
}

function mountShm({ tmpfs, paths }: RuntimeDeps, { id, userns, selinux }: SandboxRecord): Promise<void> {
  const options = { sizeBytes: shmSizeBytes, ...rootOf(userns), label: selinux?.file };
  return tmpfs.mount(paths.sandbox(id).shm, options);
}

function podHosts(ips: readonly string[], hostname: string): string {
  const own = ips.map((ip) => `${ip}\t${hostname}`);
  return ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", ...own, ""].join("\n");
}

/** A host may lack the file. */
function hostHosts(): Promise<string> {
  return readFile("/etc/hosts", "utf8").catch(() => "");
}

/** For every user in the pod to read, whatever the daemon's umask, and for its root to write. */
function write(path: string, content: string, userns: IdMappings | undefined): void {
  const { uid, gid } = rootOf(userns);
  writeFileSync(path, content);
  if (userns) chownSync(path, uid, gid);
  chmodSync(path, 0o644);
}

/** Who the pod's root is on the node. */
function rootOf(userns: IdMappings | undefined): { uid: number; gid: number } {
  return { uid: userns?.uids.hostID ?? 0, gid: userns?.gids.hostID ?? 0 };
}
