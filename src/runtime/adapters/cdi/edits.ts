import { isAbsolute } from "node:path";

import {
  type CdiDeviceNode,
  type CdiEdits,
  type CdiHook,
  type CdiIntelRdt,
  type CdiMount,
  cdiHookNames,
} from "../../cdi.js";
import { flag, list, oneOf, table, text, textOrEmpty, textThat, whole } from "./shape.js";

const variable = textThat((given) => given.indexOf("=") > 0, "NAME=value");
const absolutePath = textThat(isAbsolute, "an absolute path");
const permissions = textThat((given) => /^([rwm]+|none)$/.test(given), "of the letters r, w and m, or none");
const className = textThat((given) => given === "/" || !/^\.\.?$|[/\n]/.test(given), "a file's name, or /");

const nodeTypes = ["b", "c", "u", "p"] as const;

const deviceNode = table<CdiDeviceNode>({
  path: { read: text, required: true },
  hostPath: { read: absolutePath, since: "0.5.0" },
  type: { read: oneOf(nodeTypes) },
  major: { read: whole },
  minor: { read: whole },
  fileMode: { read: whole },
  permissions: { read: permissions },
  uid: { read: whole },
  gid: { read: whole },
});

const mount = table<CdiMount>({
  hostPath: { read: text, required: true },
  containerPath: { read: text, required: true },
  options: { read: list(text) },
  type: { read: text, since: "0.4.0" },
});

const hook = table<CdiHook>({
  hookName: { read: oneOf(cdiHookNames), required: true },
  path: { read: absolutePath, required: true },
  args: { read: list(textOrEmpty) },
  env: { read: list(variable) },
  timeout: { read: whole },
});

const intelRdt = table<CdiIntelRdt>({
  closID: { read: className },
  l3CacheSchema: { read: text },
  memBwSchema: { read: text },
  schemata: { read: list(text), since: "1.1.0" },
  enableMonitoring: { read: flag, since: "1.1.0" },
});

const netDevice = table<{ hostInterfaceName: string; name: string }>({
  hostInterfaceName: { read: text, required: true },
  name: { read: text, required: true },
});

/** `containerEdits`, of a device or of a whole specification. */
export const containerEdits = table<CdiEdits>({
  env: { read: list(variable) },
  deviceNodes: { read: list(deviceNode) },
  netDevices: { read: list(netDevice), since: "1.1.0" },
  hooks: { read: list(hook) },
  mounts: { read: list(mount) },
  intelRdt: { read: intelRdt, since: "0.7.0" },
  additionalGids: { read: list(whole), since: "0.7.0" },
});
