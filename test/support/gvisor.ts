import { runscPath } from "../left-out.js";

/** gVisor as docs/runtime-config.md has it configured. */
export const gvisor = {
  path: runscPath,
  args: ["--network=host", "--overlay2=none", "--gofer-network-namespace=new"],
};
