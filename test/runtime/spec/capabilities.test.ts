import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { type CapabilitySchema, LinuxContainerSecurityContextSchema } from "../../../src/proto.js";
import { containerCapabilities } from "../../../src/runtime/spec/capabilities.js";

const host = { capabilities: ["CAP_CHOWN", "CAP_NET_ADMIN", "CAP_KILL"] };

const rows: {
  what: string;
  privileged?: boolean;
  capabilities?: MessageInitShape<typeof CapabilitySchema>;
  granted: string;
  ambient?: string;
}[] = [
  { what: "of the default ones only those that the host has", granted: "CHOWN KILL" },
  { what: "all of the host's when privileged", privileged: true, granted: "CHOWN NET_ADMIN KILL" },
  {
    what: "all of the host's but what is dropped",
    privileged: true,
    capabilities: { dropCapabilities: ["kill"] },
    granted: "CHOWN NET_ADMIN",
  },
  {
    what: "nothing that the host does not have",
    capabilities: { addCapabilities: ["SYS_ADMIN"], dropCapabilities: ["ALL"] },
    granted: "",
  },
  {
    what: "what is named, all others dropped",
    capabilities: { addCapabilities: ["CAP_NET_ADMIN"], dropCapabilities: ["all"] },
    granted: "NET_ADMIN",
  },
  {
    what: "nothing that is both added and dropped by name",
    capabilities: { addCapabilities: ["KILL", "NET_ADMIN"], dropCapabilities: ["KILL"] },
    granted: "CHOWN NET_ADMIN",
  },
  {
    what: "all of the host's as ambient ones",
    capabilities: { addAmbientCapabilities: ["ALL"], dropCapabilities: ["CHOWN"] },
    granted: "NET_ADMIN KILL",
    ambient: "NET_ADMIN KILL",
  },
  {
    what: "the ambient ones as well",
    capabilities: { addAmbientCapabilities: ["NET_ADMIN"] },
    granted: "CHOWN NET_ADMIN KILL",
    ambient: "NET_ADMIN",
  },
];

test.each(rows)(
  "`containerCapabilities` gives $what",
  ({ privileged, capabilities, granted, ambient = "" }) => {
    const security = create(LinuxContainerSecurityContextSchema, {
      privileged: privileged ?? false,
      ...(capabilities && { capabilities }),
    });
    const sets = containerCapabilities(security, host);
    const short = (names: string[]) => names.map((name) => name.replace("CAP_", "")).join(" ");
    expect(short(sets.bounding)).toBe(granted);
    expect(sets.effective).toEqual(sets.bounding);
    expect(sets.permitted).toEqual(sets.bounding);
    expect(short(sets.ambient)).toBe(ambient);
    expect(sets.inheritable).toEqual(sets.ambient);
  },
);
