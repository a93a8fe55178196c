import { expect, test } from "vitest";

import { parseCdiSpec } from "../../../../src/runtime/adapters/cdi/parse-spec.js";

const head = 'cdiVersion: "1.1.0"\nkind: vendor.com/gpu\n';

function edits(text: string) {
  return parseCdiSpec(`${head}devices:\n- name: "0"\n  containerEdits: ${text}\n`).devices[0]?.containerEdits;
}

test("`parseCdiSpec` reads JSON with everything in it", () => {
  const containerEdits = {
    env: ["A=1", "EMPTY="],
    deviceNodes: [
      {
        path: "/dev/x",
        hostPath: "/dev/y",
        type: "c",
        major: 195,
        minor: 0,
        permissions: "rw",
        uid: 1,
        gid: 2,
      },
    ],
    netDevices: [{ hostInterfaceName: "eth9", name: "net1" }],
    hooks: [{ hookName: "createRuntime", path: "/bin/h", args: ["h", ""], env: ["B=2"], timeout: 3 }],
    mounts: [{ hostPath: "/lib/x", containerPath: "/lib/y", options: ["ro", "bind"], type: "none" }],
    intelRdt: { closID: "c", l3CacheSchema: "L3:0=f", schemata: ["MB:0=10"], enableMonitoring: true },
    additionalGids: [0, 44],
  };
  const annotations = { "a/b": "c" };
  const devices = [{ name: "0:1", annotations, containerEdits }];
  const spec = { cdiVersion: "1.1.0", kind: "vendor.com/gpu", annotations, containerEdits, devices };
  const read = parseCdiSpec(JSON.stringify(spec));
  expect(read.devices).toEqual(devices);
  expect(read).toMatchObject({ kind: "vendor.com/gpu", containerEdits });
});

test("`parseCdiSpec` reads YAML, in which names look like numbers and modes are octal", () => {
  const text = `---
cdiVersion: v0.5.0
kind: vendor.com/gpu
containerEdits: {}
devices:
- name: 0
  containerEdits:
    env: null
    deviceNodes:
    - path: /dev/x
      fileMode: 0666
      major: 0x10
`;
  expect(parseCdiSpec(text).devices).toEqual([
    { name: "0", containerEdits: { deviceNodes: [{ path: "/dev/x", fileMode: 0o666, major: 16 }] } },
  ]);
});

const refused: { what: string; text: string; says: string }[] = [
  { what: "what is no document", text: "{", says: "is neither YAML nor JSON" },
  { what: "an empty file", text: "", says: "the file must be a table of fields" },
  { what: "a field that there is not", text: `${head}devices: []\nmine: 1`, says: "mine is no field" },
  { what: "a file without devices", text: head, says: "devices is missing" },
  {
    what: "a version that there is not yet",
    text: 'cdiVersion: "9.0.0"\nkind: a/b',
    says: 'cdiVersion is "9.0.0", and must be one of 0.3.0,',
  },
  {
    what: "a kind without a class",
    text: 'cdiVersion: "1.1.0"\nkind: vendor.com',
    says: 'kind is "vendor.com"',
  },
  {
    what: "two devices of one name",
    text: `${head}devices: [{name: a, containerEdits: {env: [A=1]}}, {name: a, containerEdits: {env: [A=1]}}]`,
    says: 'devices[1].name is "a"',
  },
  {
    what: "a device that edits nothing",
    text: `${head}devices: [{name: a, containerEdits: {}}]`,
    says: "devices[0].containerEdits is empty",
  },
];

test.each(refused)("`parseCdiSpec` refuses $what", ({ text, says }) => {
  expect(() => parseCdiSpec(text)).toThrow(says);
});

test.each([
  ["{env: [NAME]}", 'env[0] is "NAME", and must be NAME=value'],
  ["{env: NAME=1}", "env must be a list"],
  ["{deviceNodes: [{hostPath: /dev/x}]}", "deviceNodes[0].path is missing"],
  ["{deviceNodes: [{path: /dev/x, permissions: rx}]}", 'deviceNodes[0].permissions is "rx"'],
  ["{deviceNodes: [{path: /dev/x, type: d}]}", 'deviceNodes[0].type is "d", and must be one of b, c, u, p'],
  ["{deviceNodes: [{path: /dev/x, major: -1}]}", 'deviceNodes[0].major is "-1"'],
  ["{deviceNodes: [{path: /dev/x, mode: 1}]}", "deviceNodes[0].mode is no field"],
  ["{hooks: [{hookName: poststart, path: bin/x}]}", 'hooks[0].path is "bin/x", and must be an absolute path'],
  ["{hooks: [{hookName: later, path: /bin/x}]}", 'hooks[0].hookName is "later"'],
  ["{mounts: [{hostPath: /x}]}", "mounts[0].containerPath is missing"],
  ["{intelRdt: {closID: ..}}", 'intelRdt.closID is ".."'],
  ["{netDevices: [{name: x}]}", "netDevices[0].hostInterfaceName is missing"],
])("`parseCdiSpec` refuses %s", (text, says) => {
  expect(() => edits(text)).toThrow(`devices[0].containerEdits.${says}`);
});

test.each([
  ["0.3.0", "gpu", "a", "{mounts: [{hostPath: /a, containerPath: /a, type: none}]}", "type came with 0.4.0"],
  ["0.4.0", "gpu", "a", "{deviceNodes: [{path: /dev/x, hostPath: /dev/y}]}", "hostPath came with 0.5.0"],
  ["0.4.0", "gpu", "0", "{env: [A=1]}", "devices[0].name came with 0.5.0"],
  ["0.5.0", "gpu.x", "a", "{env: [A=1]}", "a dot in the class of kind came with 0.6.0"],
  ["0.6.0", "gpu", "a", "{additionalGids: [1]}", "additionalGids came with 0.7.0"],
  ["1.0.0", "gpu", "a", "{netDevices: [{hostInterfaceName: a, name: b}]}", "netDevices came with 1.1.0"],
])("`parseCdiSpec` refuses in version %s what came later", (version, className, name, text, says) => {
  const file = (version: string) =>
    `cdiVersion: "${version}"\nkind: vendor.com/${className}\ndevices: [{name: "${name}", containerEdits: ${text}}]`;
  expect(() => parseCdiSpec(file(version))).toThrow(says);
  expect(() => parseCdiSpec(file(version))).toThrow(`cdiVersion is ${version}`);
  expect(parseCdiSpec(file("1.1.0")).devices).toHaveLength(1);
});
