import { type Mount, MountPropagation } from "../../proto.js";
import { invalid } from "./invalid.js";

/** Refuses, by field, what cannot be where the files are an image's: nobody can write to them or mount in them. */
export function checkImageVolume(mount: Mount, field: string): void {
  const { hostPath, readonly, propagation, imageSubPath } = mount;
  if (hostPath !== "") throw invalid(`${field}.host_path`, "is set beside image: leave out one of them");
  if (!readonly) throw invalid(`${field}.readonly`, "is false, and an image can only be mounted read-only");
  if (propagation !== MountPropagation.PROPAGATION_PRIVATE) {
    throw invalid(`${field}.propagation`, "must be private: nothing is ever mounted in an image");
  }
  if (imageSubPath.startsWith("/") || imageSubPath.split("/").includes("..")) {
    throw invalid(
      `${field}.image_sub_path`,
      `is "${imageSubPath}": name a directory relative to the image's root, without ".."`,
    );
  }
}
