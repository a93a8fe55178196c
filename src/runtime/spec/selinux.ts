import { randomInt } from "node:crypto";
import { posix } from "node:path";

import type { SELinuxOption } from "../../proto.js";
import type { SelinuxLabels } from "../oci.js";
import { invalid } from "./invalid.js";

export const selinuxField = "config.linux.security_context.selinux_options";

const sensitivity = String.raw`s\d{1,2}(:c\d{1,4}([.,]c\d{1,4})*)?`;
const syntax = {
  user: /^[A-Za-z][\w.-]*$/,
  role: /^[A-Za-z][\w.-]*$/,
  type: /^[A-Za-z][\w.-]*$/,
  level: new RegExp(`^${sensitivity}(-${sensitivity})?$`),
};

/** Throws `InvalidArgumentError` naming the part that cannot be one of a label. */
export function checkSelinuxOptions(options: SELinuxOption | undefined): void {
  for (const part of ["user", "role", "type", "level"] as const) {
    const value = options?.[part] || undefined;
    if (value === undefined || syntax[part].test(value)) continue;
    const such = part === "level" ? "a level such as s0:c1,c2" : "a name such as container_t";
    throw invalid(`${selinuxField}.${part}`, `is "${value}", which is not ${such}`);
  }
}

/** With what is asked for in place of what there was: role and type are of processes only. */
export function withSelinuxOptions(labels: SelinuxLabels, options: SELinuxOption | undefined): SelinuxLabels {
  const { user = "", role = "", type = "", level = "" } = options ?? {};
  const process = partsOf(labels.process);
  const file = partsOf(labels.file);
  return {
    process: join([user || process.user, role || process.role, type || process.type, level || process.level]),
    file: join([user || file.user, file.role, file.type, level || file.level]),
  };
}

/** How many categories the kernel's policies have: c0 to c1023. */
const categories = 1024;

/**
 * The labels with two categories that no other pod has, which keep pods from each other's files. A policy
 * without levels has no categories either.
 */
export function withOwnLevel(labels: SelinuxLabels, others: readonly SelinuxLabels[]): SelinuxLabels {
  if (partsOf(labels.process).level === "") return labels;
  const taken = new Set(others.map(({ process }) => partsOf(process).level));
  for (;;) {
    const [low, high] = [randomInt(categories), randomInt(categories)].sort((a, b) => a - b);
    const level = `s0:c${low},c${high}`;
    if (low === high || taken.has(level)) continue;
    return { process: withLevel(labels.process, level), file: withLevel(labels.file, level) };
  }
}

function withLevel(label: string, level: string): string {
  const { user, role, type } = partsOf(label);
  return join([user, role, type, level]);
}

function partsOf(label: string): { user: string; role: string; type: string; level: string } {
  const [user = "", role = "", type = "", ...level] = label.split(":");
  return { user, role, type, level: level.join(":") };
}

function join(parts: string[]): string {
  return parts.filter(Boolean).join(":");
}

/** What the host's own programs live from: with the label of one container they would lose it. */
const ofHost = [
  ...["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc"],
  ...["/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var"],
  ...["/etc/passwd", "/etc/pki", "/etc/shadow", "/etc/ssl"],
  ...["/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/var/lib", "/var/log", "/var/tmp"],
];

/** Throws where a mount that is to be relabelled is a directory that the host itself needs. `path` has no links. */
export function checkRelabel(field: string, hostPath: string, path: string): void {
  const named = posix.resolve(hostPath);
  if (!ofHost.includes(named) && !ofHost.includes(path)) return;
  throw invalid(
    `${field}.selinux_relabel`,
    `would give ${named}, which the host itself needs, another label`,
  );
}
