import { expect, test } from "vitest";

import type { CdiEdits } from "../../../src/runtime/cdi.js";
import type { OciDevice, OciSpec } from "../../../src/runtime/oci.js";
import { editSpec, nodePaths } from "../../../src/runtime/spec/cdi-edits.js";

const spec: OciSpec = {
  ociVersion: "1.0.2",
  process: {
    user: { uid: 1000, gid: 50, additionalGids: [50] },
    args: ["sh"],
    env: ["PATH=/bin", "MODE=own"],
    cwd: "/",
  },
  root: { path: "/rootfs" },
  mounts: [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/data", type: "bind", source: "/of/request" },
    { destination: "/data/deep/er", type: "bind", source: "/deeper" },
  ],
  linux: {
    namespaces: [],
    cgroupsPath: "/c",
    devices: [{ path: "/dev/x", type: "c", major: 1, minor: 1 }],
    resources: { devices: [{ allow: false, access: "rwm" }] },
  },
};
const host = new Map<string, OciDevice>([
  ["/dev/y", { path: "/dev/y", type: "c", major: 195, minor: 3, fileMode: 0o660, uid: 7, gid: 8 }],
]);

const edit = (edits: CdiEdits) => editSpec(spec, { path: "/etc/cdi/v.json", edits }, host);

test("`editSpec` replaces variables of the same name and adds the others", () => {
  expect(edit({ env: ["MODE=cdi", "NEW=a=b"] }).process.env).toEqual(["PATH=/bin", "MODE=cdi", "NEW=a=b"]);
});

test("`editSpec` adds groups, and none for 0", () => {
  expect(edit({ additionalGids: [0, 44, 50] }).process.user.additionalGids).toEqual([50, 44]);
});

const nodes: {
  what: string;
  node: NonNullable<CdiEdits["deviceNodes"]>[number];
  device: object;
  rule?: object;
}[] = [
  {
    what: "with the host's numbers and mode, owned by the user of the process, in place of one at its path",
    node: { path: "/dev/x", hostPath: "/dev/y" },
    device: { path: "/dev/x", type: "c", major: 195, minor: 3, fileMode: 0o660, uid: 1000, gid: 50 },
    rule: { allow: true, type: "c", major: 195, minor: 3, access: "rwm" },
  },
  {
    what: "as the file says it, be there one on the host or not",
    node: {
      path: "/dev/x",
      type: "b",
      major: 8,
      minor: 1,
      fileMode: 0o600,
      permissions: "r",
      uid: 0,
      gid: 6,
    },
    device: { path: "/dev/x", type: "b", major: 8, minor: 1, fileMode: 0o600, uid: 0, gid: 6 },
    rule: { allow: true, type: "b", major: 8, minor: 1, access: "r" },
  },
  {
    what: "that may not be used",
    node: { path: "/dev/x", hostPath: "/dev/y", type: "u", permissions: "none" },
    device: { path: "/dev/x", type: "c", major: 195, minor: 3 },
  },
  { what: "for a FIFO", node: { path: "/dev/x", type: "p" }, device: { path: "/dev/x", type: "p" } },
];

test.each(nodes)("`editSpec` makes a device node $what", ({ node, device, rule }) => {
  const { devices, resources } = edit({ deviceNodes: [node] }).linux;
  expect(devices).toHaveLength(1);
  expect(devices?.[0]).toMatchObject(device);
  expect(resources?.devices).toEqual([{ allow: false, access: "rwm" }, ...(rule ? [rule] : [])]);
});

test("`editSpec` mounts a node of another path in a user namespace, where none can be made", () => {
  const ownUsers: OciSpec = {
    ...spec,
    linux: { ...spec.linux, namespaces: [{ type: "user", path: "/ns" }] },
  };
  const deviceNodes = [{ path: "/dev/x", hostPath: "/dev/y" }, { path: "/dev/y" }];
  const { linux, mounts } = editSpec(ownUsers, { path: "/etc/cdi/v.json", edits: { deviceNodes } }, host);
  expect(linux.devices?.map(({ path }) => path)).toEqual(["/dev/y"]);
  expect(linux.resources?.devices).toHaveLength(3);
  const options = ["bind", "nosuid", "noexec"];
  expect(mounts).toContainEqual({ destination: "/dev/x", source: "/dev/y", type: "bind", options });
});

test("`nodePaths` are those of the host", () => {
  const deviceNodes = [{ path: "/dev/a" }, { path: "/dev/b", hostPath: "/dev/c" }];
  expect(nodePaths({ deviceNodes })).toEqual(["/dev/a", "/dev/c"]);
});

test("`editSpec` puts a mount in place of one at its path, and parents before what lies in them", () => {
  const { mounts } = edit({
    mounts: [
      { hostPath: "/lib/v", containerPath: "/data/deep", options: ["ro"] },
      { hostPath: "/of/cdi", containerPath: "/data/", options: ["rbind", "ro"], type: "none" },
      { hostPath: "tmpfs", containerPath: "/t", type: "tmpfs" },
    ],
  });
  expect(mounts).toEqual([
    spec.mounts[0],
    { destination: "/data", type: "none", source: "/of/cdi", options: ["rbind", "ro"] },
    { destination: "/t", type: "tmpfs", source: "tmpfs", options: [] },
    { destination: "/data/deep", type: "bind", source: "/lib/v", options: ["rbind", "ro"] },
    spec.mounts[2],
  ]);
});

test("`editSpec` gathers hooks by their names", () => {
  const hook = (hookName: "prestart" | "poststop", path: string) => ({ hookName, path });
  const first = edit({
    hooks: [hook("prestart", "/a"), { ...hook("poststop", "/b"), args: ["b"], timeout: 3 }],
  });
  const source = { path: "/etc/cdi/w.json", edits: { hooks: [hook("prestart", "/c")] } };
  expect(editSpec(first, source, host).hooks).toEqual({
    prestart: [{ path: "/a" }, { path: "/c" }],
    poststop: [{ path: "/b", args: ["b"], timeout: 3 }],
  });
});

test("`editSpec` passes on a class of service", () => {
  const intelRdt = { closID: "c", l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=20" };
  expect(edit({ intelRdt }).linux.intelRdt).toEqual(intelRdt);
});

const refused: { what: string; edits: CdiEdits; says: string }[] = [
  {
    what: "a node that the host does not have",
    edits: { deviceNodes: [{ path: "/dev/none", type: "c" }] },
    says: "device node /dev/none, which this host does not have",
  },
  {
    what: "a node of another type",
    edits: { deviceNodes: [{ path: "/dev/y", type: "b" }] },
    says: "device node /dev/y of type b, and it is of type c",
  },
  { what: "interfaces", edits: { netDevices: [{ hostInterfaceName: "a", name: "b" }] }, says: "netDevices" },
  { what: "schemata", edits: { intelRdt: { schemata: ["MB:0=20"] } }, says: "intelRdt.schemata" },
  { what: "monitoring", edits: { intelRdt: { enableMonitoring: true } }, says: "intelRdt.enableMonitoring" },
];

test.each(refused)("`editSpec` refuses $what, naming the file", ({ edits, says }) => {
  expect(() => edit(edits)).toThrow(
    expect.objectContaining({
      code: "failed_precondition",
      message: expect.stringContaining("/etc/cdi/v.json"),
    }),
  );
  expect(() => edit(edits)).toThrow(says);
});
