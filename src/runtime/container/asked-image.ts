import type { ContainerConfig } from "../../proto.js";

/** What people call a container's image: kubelet asks for it by its ID, and gives the name besides. */
export function askedImage({ image }: ContainerConfig): string {
  return image?.userSpecifiedImage || image?.image || "";
}
