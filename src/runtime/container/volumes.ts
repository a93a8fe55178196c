import { chmod, chown, lstat, mkdir } from "node:fs/promises";

import { CriError } from "../../errors.js";
import { resolveInside } from "../adapters/rootfs/read-inside.js";
import { runCommand } from "../adapters/run-command.js";
import { relabel } from "../adapters/selinux/relabel.js";
import type { RuntimeDeps } from "../deps.js";
import type { SelinuxLabels } from "../oci.js";
import type { Volume } from "../spec/mounts.js";
import type { ImageConfig } from "../state/image-record.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

interface VolumesInput {
  id: string;
  image: { config: ImageConfig };
  sandbox: SandboxRecord;
  selinux: SelinuxLabels | undefined;
}

/**
 * Makes a directory of the container's own for each volume that its image declares, with what the image has there.
 * They lie beside the container's record and go with it.
 */
export async function makeVolumes(
  deps: RuntimeDeps,
  { id, image, sandbox, selinux }: VolumesInput,
): Promise<Volume[]> {
  const { rootfs, volume } = deps.paths.container(id);
  const volumes: Volume[] = [];
  for (const [index, containerPath] of image.config.volumes.entries()) {
    const hostPath = volume(index);
    await mkdir(hostPath, { recursive: true });
    await chmod(hostPath, 0o755);
    await chown(hostPath, sandbox.userns?.uids.hostID ?? 0, sandbox.userns?.gids.hostID ?? 0);
    const content = await resolveInside(rootfs, containerPath);
    if (content !== undefined) await copyDirectory(content, hostPath, containerPath);
    volumes.push({ containerPath, hostPath });
  }
  const paths = volumes.map(({ hostPath }) => hostPath);
  if (selinux) await relabel(paths, selinux.file);
  return volumes;
}

/** With owners, modes, times, links and attributes, the directory's own as well. */
async function copyDirectory(from: string, to: string, containerPath: string): Promise<void> {
  if (!(await lstat(from)).isDirectory()) {
    throw new CriError(
      "failed_precondition",
      `The image declares the volume ${containerPath}, and has something else than a directory there`,
    );
  }
  await runCommand("cp", ["--archive", "--no-target-directory", from, to]);
}
