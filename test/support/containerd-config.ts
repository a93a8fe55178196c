import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Claimed } from "../../src/testing/network-claim.js";

/** Writes config.toml and the CNI configuration of a containerd that keeps to the claimed directory. */
export async function writeContainerdConfig(claim: Claimed, sandboxImage: string): Promise<void> {
  const { directory } = claim;
  for (const name of ["run", "var-lib", "cni"]) await mkdir(join(directory, name));
  const config = `
version = 2
root = "${directory}/root"
state = "${directory}/state"
[grpc]
  address = "${directory}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # A process without CAP_SYS_RESOURCE cannot lower its children's oom_score_adj.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${directory}/cni"
`;
  const bridge = {
    type: "bridge",
    bridge: claim.bridge,
    isGateway: true,
    ipam: {
      type: "host-local",
      dataDir: `${directory}/leases`,
      ranges: [[{ subnet: claim.subnet }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const plugins = [bridge, { type: "portmap", capabilities: { portMappings: true } }];
  const conflist = { cniVersion: "1.0.0", name: claim.bridge, plugins };
  await writeFile(join(directory, "config.toml"), config);
  await writeFile(join(directory, "cni/10-crikit.conflist"), JSON.stringify(conflist));
}
