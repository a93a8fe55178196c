import { type RuntimeConfig, selinuxModes } from "../config.js";
import { logFormats, logLevels } from "../log.js";

/** What a value may be: a text, an absolute path, a list of either, one of some words, or the table of handlers. */
export type ValueKind = "text" | "path" | "texts" | "paths" | "handlers" | { oneOf: readonly string[] };

/** One thing that can be configured: the row that the file, the flags, the help and the reference are made from. */
export interface Setting {
  /** Its name in the configuration file. */
  key: string;
  /** Its name on the command line, where lists are given an item at a time; undefined when only a file has it. */
  flag?: string;
  kind: ValueKind;
  /** What the help shows for the value. */
  value: string;
  about: string;
  /** SIGHUP puts a new value in force; what has `false` needs a restart. */
  reload: boolean;
}

type Keys = { readonly [K in keyof Required<RuntimeConfig>]: Setting };

/** Every key of `RuntimeConfig`, in the order of the reference. */
export const settings: Keys = {
  listen: {
    ...{ key: "listen", flag: "listen", kind: "text", value: "ADDRESS", reload: false },
    about: "where to serve: `unix:///PATH`, or the absolute path alone",
  },
  socketGroup: {
    ...{ key: "socket-group", flag: "socket-group", kind: "text", value: "GROUP", reload: false },
    about: "who may use the socket besides root, by name or number; they can do on the host what root can",
  },
  root: {
    ...{ key: "root", flag: "root", kind: "path", value: "DIR", reload: false },
    about: "records, images, writable layers: what must outlive a reboot; one daemon per directory",
  },
  state: {
    ...{ key: "state", flag: "state", kind: "path", value: "DIR", reload: false },
    about: "sockets, mounts, bundles: what a reboot may end; one daemon per directory",
  },
  bridge: {
    ...{ key: "bridge", flag: "bridge", kind: "text", value: "NAME", reload: false },
    about: "interface name of the built-in network's bridge, 15 bytes at most",
  },
  subnet: {
    ...{ key: "subnet", flag: "subnet", kind: "text", value: "CIDR", reload: false },
    about: "addresses of the built-in network's pods",
  },
  cniConfDir: {
    ...{ key: "cni-conf-dir", flag: "cni-conf-dir", kind: "path", value: "DIR", reload: true },
    about: "directory of a CNI network to use instead of the built-in one: its first valid file by name",
  },
  cniPluginDirs: {
    ...{ key: "cni-plugin-dirs", flag: "cni-plugin-dir", kind: "paths", value: "DIR", reload: true },
    about: "searched in order for CNI plugins",
  },
  registriesConf: {
    ...{ key: "registries-conf", flag: "registries-conf", kind: "path", value: "FILE", reload: true },
    about: "mirrors, other locations and insecure registries, in containers-registries.conf format",
  },
  signaturePolicy: {
    ...{ key: "signature-policy", flag: "signature-policy", kind: "path", value: "FILE", reload: true },
    about:
      "signatures that images must bear, in containers-policy.json format; none are asked for unless set",
  },
  insecureRegistries: {
    ...{ key: "insecure-registries", flag: "insecure-registry", kind: "texts", value: "HOST", reload: true },
    about: "registries (`HOST` or `HOST:PORT`) that may be spoken to without TLS",
  },
  handlers: {
    ...{ key: "handlers", kind: "handlers", value: "TABLE", reload: true },
    about: "the OCI runtimes, by the name that a RuntimeClass gives",
  },
  defaultHandler: {
    ...{ key: "default-handler", flag: "default-handler", kind: "text", value: "NAME", reload: true },
    about: "the handler of pods that ask for none",
  },
  seccompProfile: {
    ...{ key: "seccomp-profile", flag: "seccomp-profile", kind: "path", value: "FILE", reload: true },
    about: "the profile behind seccomp's RuntimeDefault, in the format of containers-common",
  },
  cdiSpecDirs: {
    ...{ key: "cdi-spec-dirs", flag: "cdi-spec-dir", kind: "paths", value: "DIR", reload: true },
    about: "specifications of devices (CDI), read at each use; what a later one says of a device counts",
  },
  selinux: {
    ...{ key: "selinux", flag: "selinux", kind: { oneOf: selinuxModes }, value: "MODE", reload: false },
    about: "`ignore` passes over SELinux options, `label` gives containers and their files labels",
  },
  logLevel: {
    ...{ key: "log-level", flag: "log-level", kind: { oneOf: logLevels }, value: "LEVEL", reload: true },
    about: `the least important messages that are logged: ${logLevels.join(", ")}`,
  },
  logFormat: {
    ...{ key: "log-format", flag: "log-format", kind: { oneOf: logFormats }, value: "FORMAT", reload: false },
    about: `how they are written: ${logFormats.join(", ")}; auto is text on a terminal and json elsewhere`,
  },
};

export type ConfigKey = keyof Keys;

/** Every row with its name in code. */
export const allSettings = Object.entries(settings) as [ConfigKey, Setting][];
