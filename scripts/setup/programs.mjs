// What the bundled runtime and the tests call, where it is looked for, and the Debian package that has it.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** Services and root shells often run without the sbin directories in PATH; these programs live there. */
const extraDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * @typedef {object} Need
 * @property {string} name what is looked for: a program, or a file of data
 * @property {string} package the Debian package that brings it
 * @property {string} why
 * @property {readonly string[]} [paths] looked for here instead of in PATH; one of them is enough
 */

const cniDirectories = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];
const cniPlugin = (name) => ({
  name: `CNI plugin ${name}`,
  package: "containernetworking-plugins",
  why: "connects pods to the network",
  paths: cniDirectories.map((directory) => join(directory, name)),
});

/** @type {readonly Need[]} */
export const runtimeNeeds = [
  { name: "runc", package: "runc", why: "creates and runs the containers" },
  { name: "conmon", package: "conmon", why: "watches a container: log, exit code, terminal" },
  cniPlugin("bridge"),
  cniPlugin("host-local"),
  cniPlugin("portmap"),
  cniPlugin("loopback"),
  { name: "skopeo", package: "skopeo", why: "pulls images from registries" },
  { name: "umoci", package: "umoci", why: "unpacks the layers of an image" },
  { name: "zstd", package: "zstd", why: "reads layers compressed with it" },
  { name: "catatonit", package: "catatonit", why: "is the first process of a pod" },
  { name: "ip", package: "iproute2", why: "sets up bridges" },
  { name: "iptables", package: "iptables", why: "lets pods reach the outside" },
  { name: "nsenter", package: "util-linux", why: "enters a pod's network for port forwarding" },
  { name: "unshare", package: "util-linux", why: "makes network namespaces" },
  { name: "flock", package: "util-linux", why: "keeps a second daemon off the same root" },
  { name: "mount", package: "mount", why: "stacks image layers into a root filesystem" },
  { name: "getcap", package: "libcap2-bin", why: "keeps the capabilities of files that get new owners" },
  { name: "socat", package: "socat", why: "carries the bytes of a forwarded port" },
  { name: "script", package: "bsdutils", why: "gives a command a terminal" },
  { name: "stty", package: "coreutils", why: "sets the size of a terminal" },
  { name: "tar", package: "tar", why: "packs image layers" },
  {
    name: "seccomp.json",
    package: "golang-github-containers-common",
    why: "is the default list of allowed system calls",
    paths: ["/usr/share/containers/seccomp.json", "/etc/containers/seccomp.json"],
  },
];

/** @type {readonly Need[]} */
export const imageNeeds = [
  { name: "busybox", package: "busybox-static", why: "is what the quickstart's image is made of" },
  { name: "tar", package: "tar", why: "packs image layers" },
];

/** Of programs in C that only tests call. */
export const compilerNeeds = [
  { name: "gcc", package: "gcc", why: "compiles programs that only tests call" },
  {
    name: "stdio.h",
    package: "libc6-dev",
    why: "is what they are compiled with",
    paths: ["/usr/include/stdio.h"],
  },
];

/** Of programs that are compiled from a source package. */
export const sourceNeeds = [
  { name: "make", package: "make", why: "compiles them" },
  { name: "bzip2", package: "bzip2", why: "unpacks their sources" },
];

/** The needs that this machine does not meet. */
export function missingNeeds(needs) {
  return needs.filter((need) => !candidatePaths(need).some(isThere));
}

function candidatePaths(need) {
  if (need.paths !== undefined) return need.paths;
  const fromPath = (process.env.PATH ?? "").split(":").filter((directory) => directory.startsWith("/"));
  return [...fromPath, ...extraDirectories].map((directory) => join(directory, need.name));
}

function isThere(path) {
  try {
    accessSync(path, /\.(json|h)$/.test(path) ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
