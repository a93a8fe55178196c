import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerResourcesSchema } from "../../../src/proto.js";
import { clampOomScoreAdj, ociResources } from "../../../src/runtime/spec/resources.js";

const host = { cgroupVersion: 2 as const, swapLimits: true, hugepageLimits: true };

function resources(init: Parameters<typeof create<typeof LinuxContainerResourcesSchema>>[1], on = host) {
  return ociResources(create(LinuxContainerResourcesSchema, init), on);
}

test("`ociResources` leaves out what is not set", () => {
  expect(ociResources(undefined, host)).toEqual({});
  expect(resources({})).toEqual({});
});

test("`ociResources` forbids swapping unless a limit says otherwise", () => {
  expect(resources({ memoryLimitInBytes: 100n }).memory).toEqual({ limit: 100, swap: 100 });
  expect(resources({ memoryLimitInBytes: 100n, memorySwapLimitInBytes: 300n }).memory).toEqual({
    limit: 100,
    swap: 300,
  });
  expect(resources({ memorySwapLimitInBytes: -1n }).memory).toEqual({ swap: -1 });
});

test("`ociResources` passes over what the host cannot limit", () => {
  const all = {
    memoryLimitInBytes: 100n,
    hugepageLimits: [{ pageSize: "2MB", limit: 4n }],
    unified: { "memory.high": "50" },
  };
  expect(resources(all)).toEqual({
    memory: { limit: 100, swap: 100 },
    hugepageLimits: [{ pageSize: "2MB", limit: 4 }],
    unified: { "memory.high": "50" },
  });
  const old = { cgroupVersion: 1 as const, swapLimits: false, hugepageLimits: false };
  expect(ociResources(create(LinuxContainerResourcesSchema, all), old)).toEqual({ memory: { limit: 100 } });
});

const clampRows = [
  { what: "raises what lies below the daemon's own", wanted: -998, own: 0, capabilities: [], is: 0 },
  { what: "keeps what lies above", wanted: 1000, own: 0, capabilities: [], is: 1000 },
  {
    what: "keeps all with CAP_SYS_RESOURCE",
    wanted: -998,
    own: 0,
    capabilities: ["CAP_SYS_RESOURCE"],
    is: -998,
  },
];

test.each(clampRows)("`clampOomScoreAdj` $what", ({ wanted, own, capabilities, is }) => {
  expect(clampOomScoreAdj(wanted, { capabilities, oomScoreAdj: own })).toBe(is);
});
