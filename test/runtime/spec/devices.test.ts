import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { ContainerConfigSchema } from "../../../src/proto.js";
import type { OciDevice } from "../../../src/runtime/oci.js";
import { containerDevices, devicePaths } from "../../../src/runtime/spec/devices.js";

const node = (path: string, minor: number): OciDevice => ({ path, type: "c", major: 10, minor });

test("`containerDevices` gives the devices of a directory below the container's path", () => {
  const config = create(ContainerConfigSchema, {
    devices: [{ hostPath: "/dev/snd", containerPath: "/dev/sound/", permissions: "rw" }],
  });
  const host = new Map([["/dev/snd", [node("/dev/snd/timer", 1), node("/dev/snd/by-id/x", 2)]]]);
  const { devices, rules } = containerDevices(config, host);
  expect(devices.map(({ path }) => path)).toEqual(["/dev/sound/timer", "/dev/sound/by-id/x"]);
  expect(rules).toEqual([
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 10, minor: 1, access: "rw" },
    { allow: true, type: "c", major: 10, minor: 2, access: "rw" },
  ]);
});

test("`containerDevices` puts a device asked for before one that comes with being privileged", () => {
  const config = create(ContainerConfigSchema, {
    devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/kvm" }],
    linux: { securityContext: { privileged: true } },
  });
  expect(devicePaths(config)).toEqual(["/dev/fuse", "/dev"]);
  const host = new Map([
    ["/dev/fuse", [node("/dev/fuse", 229)]],
    ["/dev", [node("/dev/fuse", 229), node("/dev/kvm", 232)]],
  ]);
  const { devices, rules } = containerDevices(config, host);
  expect(devices).toEqual([node("/dev/fuse", 229), node("/dev/kvm", 229)]);
  expect(rules).toEqual([{ allow: true, access: "rwm" }]);
});

test("`containerDevices` names the device that the host does not have", () => {
  const config = create(ContainerConfigSchema, {
    devices: [{ hostPath: "/dev/none", containerPath: "/dev/x" }],
  });
  expect(() => containerDevices(config, new Map())).toThrow(
    expect.objectContaining({ code: "invalid_argument", field: "config.devices[0].host_path" }),
  );
});
