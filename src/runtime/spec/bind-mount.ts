import { posix } from "node:path";

import { CriError } from "../../errors.js";
import { type Mount, MountPropagation } from "../../proto.js";
import type { OciMount } from "../oci.js";
import { checkImageVolume } from "./image-volume.js";
import { invalid } from "./invalid.js";
import { volumeMappings } from "./user-namespace.js";

/** What a path of the host is, as far as mounting it into a container depends on it. */
export interface MountSource {
  /** The path without symbolic links. */
  path: string;
  /** Where the mount that it lies on passes mounts on to, in mountinfo's words: `shared:1`, `master:2`. */
  propagation: readonly string[];
}

/** The sources by the places of their mounts in the request. */
export type MountSources = ReadonlyMap<number, MountSource>;

/** Flags of a single mount. What changes the kind of the mount, such as `rbind`, is not the caller's to say. */
const allowedOptions = /^(no)?(exec|suid|dev|atime|diratime|relatime|symfollow)$|^strictatime$/;

/** A mount that the request asks for. Throws `InvalidArgumentError` naming the field that cannot be right. */
export function bindMount(mount: Mount, index: number, sources: MountSources): OciMount {
  const field = `config.mounts[${index}]`;
  const destination = posix.resolve("/", mount.containerPath);
  if (destination === "/") throw invalid(`${field}.container_path`, "is empty or the root itself");
  checkOrigin(mount, field);
  const bad = mount.mountOptions.find((option) => !allowedOptions.test(option));
  if (bad !== undefined) {
    throw invalid(
      `${field}.mount_options`,
      `has "${bad}", which is not a flag such as noexec, nosuid or nodev`,
    );
  }
  const readWrite = access(mount, field);
  const source = sources.get(index) ?? { path: mount.hostPath, propagation: [] };
  return {
    destination,
    type: "bind",
    source: source.path,
    options: ["rbind", propagation(mount, field, source), readWrite, ...mount.mountOptions],
    // An image's layers are mounted with the owners that the pod knows.
    ...(!mount.image && volumeMappings(mount, field)),
  };
}

/** The files come from a path of the host, or from an image. */
function checkOrigin(mount: Mount, field: string): void {
  if (mount.image) {
    checkImageVolume(mount, field);
  } else if (!mount.hostPath.startsWith("/")) {
    throw invalid(`${field}.host_path`, `is "${mount.hostPath}", and must be absolute`);
  } else if (mount.imageSubPath !== "") {
    throw invalid(`${field}.image_sub_path`, "is set without image");
  }
}

// The OCI runtime makes the mount shared or slave whatever its source is, and then nothing would be passed on.
function propagation(mount: Mount, field: string, source: MountSource): string {
  const isShared = source.propagation.some((tag) => tag.startsWith("shared:"));
  const isSlave = source.propagation.some((tag) => tag.startsWith("master:"));
  switch (mount.propagation) {
    case MountPropagation.PROPAGATION_PRIVATE:
      return "rprivate";
    case MountPropagation.PROPAGATION_HOST_TO_CONTAINER:
      if (isShared || isSlave) return "rslave";
      throw unshared(mount, field, "HOST_TO_CONTAINER", "shared or slave");
    case MountPropagation.PROPAGATION_BIDIRECTIONAL:
      if (isShared) return "rshared";
      throw unshared(mount, field, "BIDIRECTIONAL", "shared");
    default:
      throw invalid(`${field}.propagation`, `is ${mount.propagation}, which this runtime does not know`);
  }
}

function access({ readonly, recursiveReadOnly, propagation }: Mount, field: string): string {
  if (!recursiveReadOnly) return readonly ? "ro" : "rw";
  if (!readonly) throw invalid(`${field}.recursive_read_only`, "is set without readonly");
  if (propagation === MountPropagation.PROPAGATION_PRIVATE) return "rro";
  throw invalid(`${field}.recursive_read_only`, "needs private propagation");
}

function unshared(mount: Mount, field: string, asked: string, needed: string): CriError {
  return new CriError(
    "failed_precondition",
    `${field}.propagation is ${asked}, and ${mount.hostPath} does not lie on a ${needed} mount: run mount --make-rshared on that mount first`,
  );
}

/** The propagation that the root must have for the mounts below it to pass anything on. */
export function rootfsPropagation(mounts: readonly Mount[]): string | undefined {
  const asked = mounts.map((mount) => mount.propagation);
  if (asked.includes(MountPropagation.PROPAGATION_BIDIRECTIONAL)) return "rshared";
  if (asked.includes(MountPropagation.PROPAGATION_HOST_TO_CONTAINER)) return "rslave";
  return undefined;
}
