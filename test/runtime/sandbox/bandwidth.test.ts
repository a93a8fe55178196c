import { describe, expect, test } from "vitest";

import { bandwidthOf } from "../../../src/runtime/sandbox/bandwidth.js";

const ingress = "kubernetes.io/ingress-bandwidth";
const egress = "kubernetes.io/egress-bandwidth";

describe("bandwidthOf", () => {
  test("is undefined unless something is asked for", () => {
    expect(bandwidthOf({ other: "10M" })).toBeUndefined();
  });

  test("reads Kubernetes' quantities, each way by itself", () => {
    expect(bandwidthOf({ [ingress]: "10M" })).toEqual({
      ingressRate: 10_000_000,
      ingressBurst: 4_294_967_295,
    });
    expect(bandwidthOf({ [egress]: "1.5Gi" })).toEqual({
      egressRate: 1_610_612_736,
      egressBurst: 4_294_967_295,
    });
    expect(bandwidthOf({ [ingress]: "2000", [egress]: "1P" })).toMatchObject({
      ingressRate: 2000,
      egressRate: 1e15,
    });
  });

  test.each(["", "fast", "10Q", "-1M", "999", "2P"])('refuses "%s", naming the annotation', (text) => {
    expect(() => bandwidthOf({ [egress]: text })).toThrow(
      `config.annotations["${egress}"]: "${text}" is not between 1k and 1P bits per second`,
    );
  });
});
