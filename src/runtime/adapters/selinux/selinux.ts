import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import type { SelinuxLabels } from "../../oci.js";

/** SELinux of a host whose kernel has it. */
export interface Selinux {
  /** What the policy gives containers, before one has a level of its own. */
  defaults: SelinuxLabels;
  /** Of files that every container may read, and none may write where the policy tells the two apart. */
  readOnlyFile: string;
  /** Whether the loaded policy knows all the parts of a label, and allows them together. */
  accepts(label: string): Promise<boolean>;
}

export interface SelinuxOptions {
  /** The kernel's own files. */
  kernel?: string | undefined;
  /** The host's policies, and which of them is in force. */
  policies?: string | undefined;
  /** Contexts of containers that go before those of the policy. */
  contexts?: string | undefined;
}

/** Throws where the kernel has no SELinux, or the policy nothing for containers. */
export async function openSelinux({
  kernel = "/sys/fs/selinux",
  policies = "/etc/selinux",
  contexts = "/usr/share/containers/selinux/contexts",
}: SelinuxOptions = {}): Promise<Selinux> {
  if ((await read(join(kernel, "enforce"))) === undefined) {
    throw refusal("the kernel has no SELinux: leave the key out, or start the host with SELinux");
  }
  const policy = /^\s*SELINUXTYPE\s*=\s*(\S+)/m.exec((await read(join(policies, "config"))) ?? "")?.[1];
  const ofPolicy = join(policies, policy ?? "targeted", "contexts/lxc_contexts");
  const found = parseContexts((await read(contexts)) ?? (await read(ofPolicy)) ?? "");
  const [process, file] = [found.get("process"), found.get("file")];
  if (!process || !file) {
    throw refusal(
      `neither ${contexts} nor ${ofPolicy} says which labels containers have: install the package container-selinux`,
    );
  }
  return {
    defaults: { process, file },
    readOnlyFile: found.get("ro_file") ?? file,
    async accepts(label) {
      try {
        await writeFile(join(kernel, "context"), label);
        return true;
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EINVAL") return false;
        throw error;
      }
    },
  };
}

function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

/** Lines such as `process = "system_u:system_r:container_t:s0"`; those that begin with # or ; are remarks. */
function parseContexts(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^\s*(\w+)\s*=\s*"?([^"\s]+)"?\s*$/gm)].map(([, key = "", value = ""]) => [key, value]),
  );
}

function refusal(why: string): CriError {
  return new CriError("failed_precondition", `selinux: is "label", and ${why}`);
}
