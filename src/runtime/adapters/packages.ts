/** The Debian and Ubuntu packages that bring the programs called here. */
const packages: Record<string, string> = {
  bridge: "containernetworking-plugins",
  catatonit: "catatonit",
  chcon: "coreutils",
  conmon: "conmon",
  cp: "coreutils",
  crun: "crun",
  find: "findutils",
  flock: "util-linux",
  getcap: "libcap2-bin",
  "host-local": "containernetworking-plugins",
  ip: "iproute2",
  iptables: "iptables",
  "iptables-save": "iptables",
  mount: "mount",
  nsenter: "util-linux",
  portmap: "containernetworking-plugins",
  runc: "runc",
  script: "bsdutils",
  setcap: "libcap2-bin",
  setpriv: "util-linux",
  skopeo: "skopeo",
  socat: "socat",
  stty: "coreutils",
  "systemd-notify": "systemd",
  tar: "tar",
  umoci: "umoci",
  umount: "mount",
  unshare: "util-linux",
  xargs: "findutils",
  zstd: "zstd",
};

/** The package to install when a program is missing; undefined when we do not know. */
export function packageOf(program: string): string | undefined {
  return Object.hasOwn(packages, program) ? packages[program] : undefined;
}
