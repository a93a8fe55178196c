import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { runsCrun } from "./support/runs-crun.js";

/** Where `scripts/test-programs.mjs` builds it. */
export const crictlPath = fileURLToPath(
  new URL("../.cache/test-programs/crictl/v1.37.0/crictl", import.meta.url),
);

/** The same. */
export const fluentReceiverPath = fileURLToPath(
  new URL("../.cache/test-programs/fluent-receiver/v0.165.1/fluent-receiver", import.meta.url),
);

/** The same: newer than the one of Debian 12. */
export const newerRuncPath = fileURLToPath(
  new URL("../.cache/test-programs/runc/v1.5.2/runc", import.meta.url),
);

/** The same: gVisor's, from the branch that plain Go builds. */
export const runscPath = fileURLToPath(
  new URL("../.cache/test-programs/runsc/v0.0.0-20260905035102-160fafc42237/runsc", import.meta.url),
);

/** The same: the directory of its programs. The Debian packages of this machine's age hold an older one. */
export const newerContainerdDirectory = fileURLToPath(
  new URL("../.cache/test-programs/containerd/v2.4.2", import.meta.url),
);

/** The same: `test/interop/cri-client` with the k8s.io/cri-client of this version. */
export const criClientWalkPath = fileURLToPath(
  new URL("../.cache/test-programs/cri-client-walk/v0.37.2/cri-client-walk", import.meta.url),
);

/** The same, where the machine's own cannot map the owners of files. */
const newerMountDirectory = fileURLToPath(new URL("../.cache/test-programs/mount/trixie", import.meta.url));

/** For a PATH in which mount can. */
export const pathToNewerMount = `${newerMountDirectory}:${process.env.PATH}`;

/** Every test that is left out somewhere, with the reason. Nothing else is skipped, and no failure expected. */
export const leftOut = {
  crictl: !existsSync(crictlPath) && "there is no Go on this machine to build crictl with",
  fluentReceiver: !existsSync(fluentReceiverPath) && "there is no Go on this machine to build it with",
  newerContainerd:
    !existsSync(`${newerContainerdDirectory}/containerd`) &&
    "there is no Go on this machine to build it with",
  criClient: !existsSync(criClientWalkPath) && "there is no Go on this machine to build it with",
  newerRunc: !existsSync(newerRuncPath) && "there is no Go on this machine to build it with",
  crun: !runsCrun() && "crun is not on this machine, or not up to the layout of its control groups",
  runsc: !existsSync(runscPath) && "there is no Go on this machine to build gVisor with",
  idmappedMounts:
    !mountMapsOwners(
      spawnSync("mount", ["--version"], { env: { PATH: pathToNewerMount }, encoding: "utf8" }).stdout,
    ) && "this machine has no mount of util-linux 2.39, and no archive of Debian to build it from",
  selinux: existsSync("/sys/fs/selinux/enforce") && "this machine has SELinux",
  criu:
    spawnSync("criu", ["check"]).status !== 0 &&
    "criu could not be fetched, or is not up to this machine's kernel: a stand-in writes the images",
} as const;

function mountMapsOwners(version: string): boolean {
  const [, major, minor] = /util-linux (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor) >= 2039;
}
