import type { ContainerManifest, PodSpec } from "crikit/kube";
import { NamespaceMode, SecurityProfile_ProfileType as ProfileType, Protocol } from "crikit/proto";
import { describe, expect, test } from "vitest";
import { readManifest } from "../../src/kube/manifest/read-manifest.js";
import { containerConfig } from "../../src/kube/translate/container-config.js";
import { buildEnv } from "../../src/kube/translate/env.js";
import { expand } from "../../src/kube/translate/expand.js";
import { checkNonRoot } from "../../src/kube/translate/non-root.js";
import { qosClass } from "../../src/kube/translate/qos.js";
import { sandboxConfig } from "../../src/kube/translate/sandbox-config.js";

const gib = 1024n ** 3n;
const node = {
  name: "node-1",
  ips: ["192.0.2.1", "2001:db8::1"],
  cpuMillis: 4000n,
  memoryBytes: 8n * gib,
  resolvConf: "# ours\nnameserver 192.0.2.53\nsearch corp.example example\noptions ndots:1 rotate\n",
};
const facts = { uid: "u-1", node, podIps: ["10.0.0.7"] };
const image = { id: "sha256:abc", user: undefined };
const plain: ContainerManifest = { name: "web", image: "nginx" };

function planOf(spec: Partial<PodSpec> = {}, objects = {}) {
  const metadata = { name: "app", labels: { tier: "web" }, annotations: { note: "x" } };
  return readManifest({ metadata, spec: { containers: [plain], ...spec } }, objects);
}

function configOf(
  container: Partial<ContainerManifest>,
  spec: Partial<PodSpec> = {},
  user?: number | string,
) {
  const plan = planOf({ ...spec, containers: [{ ...plain, ...container }] });
  const [read] = plan.pod.spec.containers;
  if (!read) throw new Error("No container");
  const env = buildEnv(plan, read, facts);
  const parts = { facts, attempt: 2, image: { ...image, user }, env, mounts: [], users: undefined };
  return { ...containerConfig(plan, read, parts), env };
}

function sandboxOf(spec: Partial<PodSpec>) {
  return sandboxConfig(planOf(spec).pod, {
    uid: "u-1",
    node,
    attempt: 3,
    cgroupParent: undefined,
    users: undefined,
  });
}

describe("the sandbox", () => {
  test("is what kubelet asks for", () => {
    expect(sandboxOf({ containers: [{ ...plain, ports: [{ containerPort: 80, hostPort: 8080 }] }] })).toEqual(
      {
        metadata: { name: "app", namespace: "default", uid: "u-1", attempt: 3 },
        hostname: "app",
        dnsConfig: {
          servers: ["192.0.2.53"],
          searches: ["corp.example", "example"],
          options: ["ndots:1", "rotate"],
        },
        portMappings: [{ protocol: Protocol.TCP, containerPort: 80, hostPort: 8080, hostIp: "" }],
        labels: {
          tier: "web",
          "io.kubernetes.pod.name": "app",
          "io.kubernetes.pod.namespace": "default",
          "io.kubernetes.pod.uid": "u-1",
        },
        annotations: { note: "x" },
        linux: {
          sysctls: {},
          securityContext: {
            privileged: false,
            seccomp: { profileType: ProfileType.RuntimeDefault, localhostRef: "" },
            namespaceOptions: {
              network: NamespaceMode.POD,
              ipc: NamespaceMode.POD,
              pid: NamespaceMode.CONTAINER,
            },
            supplementalGroups: [],
          },
          resources: { cpuShares: 2n, cpuPeriod: 100_000n, cpuQuota: 0n, memoryLimitInBytes: 0n },
        },
      },
    );
  });

  test("of the host's namespaces has the host's name and its ports", () => {
    const config = sandboxOf({
      ...{ hostNetwork: true, hostPID: true, hostIPC: true },
      containers: [{ ...plain, ports: [{ containerPort: 80 }], securityContext: { privileged: true } }],
    });
    expect(config.hostname).toBeUndefined();
    expect(config.portMappings).toMatchObject([{ containerPort: 80, hostPort: 80 }]);
    expect(config.linux?.securityContext).toMatchObject({
      privileged: true,
      namespaceOptions: { network: NamespaceMode.NODE, ipc: NamespaceMode.NODE, pid: NamespaceMode.NODE },
    });
  });

  test.each([
    ["Default" as const, { servers: ["192.0.2.53", "1.1.1.1"], options: ["ndots:5", "rotate"] }],
    ["None" as const, { servers: ["1.1.1.1"], searches: [], options: ["ndots:5"] }],
  ])("with dnsPolicy %s adds its own to what the policy gives", (dnsPolicy, expected) => {
    const dnsConfig = { nameservers: ["1.1.1.1"], options: [{ name: "ndots", value: "5" }] };
    expect(sandboxOf({ dnsPolicy, dnsConfig }).dnsConfig).toMatchObject(expected);
  });

  test("has the resources of the containers that run together, and its overhead", () => {
    const limits = (cpu: string, memory: string) => ({ resources: { limits: { cpu, memory } } });
    const { linux } = sandboxOf({
      initContainers: [
        { name: "side", image: "a", restartPolicy: "Always", ...limits("1", "1Gi") },
        { name: "big", image: "a", ...limits("4", "2Gi") },
      ],
      containers: [
        { ...plain, ...limits("1", "1Gi") },
        { name: "two", image: "a", ...limits("1", "1Gi") },
      ],
      overhead: { cpu: "100m", memory: "16Mi" },
    });
    expect(linux?.resources).toMatchObject({
      cpuShares: 5120n,
      cpuQuota: 500_000n,
      memoryLimitInBytes: 3n * gib,
    });
    expect(linux?.overhead).toMatchObject({ cpuShares: 102n, memoryLimitInBytes: 16n * 1024n ** 2n });
  });

  test("has a host name that the kernel takes", () => {
    const plan = readManifest({
      metadata: { name: `${"a".repeat(62)}.b` },
      spec: { containers: [plain] },
    });
    const config = sandboxConfig(plan.pod, {
      uid: "u",
      node,
      attempt: 0,
      cgroupParent: "/pods",
      users: undefined,
    });
    expect(config.hostname).toBe("a".repeat(62));
    expect(config.linux?.cgroupParent).toBe("/pods");
  });
});

describe("a container", () => {
  test("is what kubelet asks for", () => {
    const { env: _, ...config } = configOf({
      terminationMessagePath: "/msg",
      ports: [{ containerPort: 80 }],
    });
    expect(config).toMatchObject({
      metadata: { name: "web", attempt: 2 },
      image: { image: "sha256:abc", userSpecifiedImage: "nginx" },
      labels: {
        "io.kubernetes.container.name": "web",
        "io.kubernetes.pod.name": "app",
        "io.kubernetes.pod.namespace": "default",
        "io.kubernetes.pod.uid": "u-1",
      },
      annotations: {
        "io.kubernetes.container.hash": expect.stringMatching(/^[0-9a-f]{8}$/),
        "io.kubernetes.container.restartCount": "2",
        "io.kubernetes.container.terminationMessagePath": "/msg",
        "io.kubernetes.container.terminationMessagePolicy": "File",
        "io.kubernetes.container.type": "container",
        "io.kubernetes.pod.terminationGracePeriod": "30",
        "io.kubernetes.container.ports": '[{"containerPort":80,"protocol":"TCP"}]',
      },
      linux: {
        securityContext: {
          privileged: false,
          noNewPrivs: false,
          readonlyRootfs: false,
          runAsUser: { value: 0n },
          seccomp: { profileType: ProfileType.Unconfined },
          readonlyPaths: expect.arrayContaining(["/proc/sys"]),
          maskedPaths: expect.arrayContaining(["/proc/kcore"]),
        },
        resources: {
          cpuShares: 2n,
          cpuPeriod: 100_000n,
          cpuQuota: 0n,
          memoryLimitInBytes: 0n,
          oomScoreAdj: 1000n,
        },
      },
    });
  });

  test("takes its user from itself, the pod and the image, in that order", () => {
    const user = (container: Partial<ContainerManifest>, spec: Partial<PodSpec>, ofImage?: number | string) =>
      configOf(container, spec, ofImage).linux?.securityContext;
    expect(
      user({ securityContext: { runAsUser: 5 } }, { securityContext: { runAsUser: 6, runAsGroup: 7 } }),
    ).toMatchObject({
      runAsUser: { value: 5n },
      runAsGroup: { value: 7n },
    });
    expect(user({}, { securityContext: { runAsUser: 6 } }, 8)).toMatchObject({ runAsUser: { value: 6n } });
    expect(user({}, {}, 8)).toMatchObject({ runAsUser: { value: 8n } });
    const named = user({}, {}, "nobody");
    expect(named).toMatchObject({ runAsUsername: "nobody" });
    expect(named?.runAsUser).toBeUndefined();
  });

  test("has the pod's groups, and profiles and labels of its own before the pod's", () => {
    const { linux } = configOf(
      {
        securityContext: {
          seccompProfile: { type: "Localhost", localhostProfile: "a.json" },
          procMount: "Unmasked",
        },
      },
      {
        securityContext: {
          ...{ fsGroup: 9, supplementalGroups: [10], seLinuxOptions: { level: "s0" } },
          seccompProfile: { type: "RuntimeDefault" },
          appArmorProfile: { type: "Unconfined" },
        },
      },
    );
    expect(linux?.securityContext).toMatchObject({
      supplementalGroups: [9n, 10n],
      seccomp: { profileType: ProfileType.Localhost, localhostRef: "/var/lib/kubelet/seccomp/a.json" },
      apparmor: { profileType: ProfileType.Unconfined },
      selinuxOptions: { user: "", role: "", type: "", level: "s0" },
      maskedPaths: [],
      readonlyPaths: [],
    });
  });

  test("has variables by all their sources, and in its command", () => {
    const objects = {
      configMaps: [{ metadata: { name: "cm" }, data: { A: "of the map", KEY: "k" } }],
      secrets: [{ metadata: { name: "s" }, data: { token: "dA==" } }],
    };
    const plan = planOf(
      {
        containers: [
          {
            ...plain,
            command: ["run", "$(A)", "$$(A)", "$(NONE)"],
            envFrom: [{ configMapRef: { name: "cm" } }, { prefix: "S_", secretRef: { name: "s" } }],
            env: [
              { name: "A", value: "own" },
              { name: "B", value: "$(A)-$(KEY)-$(LATER)" },
              { name: "LATER", value: "x" },
              { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "HOSTS", valueFrom: { fieldRef: { fieldPath: "status.hostIPs" } } },
              { name: "TIER", valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
              { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
              { name: "MIB", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
              { name: "GONE", valueFrom: { configMapKeyRef: { name: "cm", key: "no", optional: true } } },
            ],
          },
        ],
      },
      objects,
    );
    const [read] = plan.pod.spec.containers;
    if (!read) throw new Error("No container");
    const env = buildEnv(plan, read, facts);
    expect(Object.fromEntries(env)).toEqual({
      ...{ A: "own", KEY: "k", S_token: "t", B: "own-k-$(LATER)", LATER: "x" },
      ...{ IP: "10.0.0.7", HOSTS: "192.0.2.1,2001:db8::1", TIER: "web", CPUS: "4", MIB: "8192" },
    });
    const { command } = containerConfig(plan, read, {
      facts,
      attempt: 0,
      image,
      env,
      mounts: [],
      users: undefined,
    });
    expect(command).toEqual(["run", "own", "$(A)", "$(NONE)"]);
  });

  test.each([
    ["BestEffort", {}, 1000n],
    ["Guaranteed", { limits: { cpu: "1", memory: "4Gi" } }, -997n],
    ["Burstable", { requests: { memory: "4Gi" } }, 500n],
    ["Burstable", { requests: { memory: "1" } }, 999n],
    ["Burstable", { requests: { cpu: "1" }, limits: { cpu: "2", memory: "8Gi" } }, 3n],
  ] as const)("of class %s with %j is killed for memory at %s", (quality, resources, score) => {
    const config = configOf({ resources });
    expect(config.linux?.resources?.oomScoreAdj).toBe(score);
    expect(qosClass(planOf({ containers: [{ ...plain, resources }] }).pod)).toBe(quality);
  });

  test("has pages of its own by their size", () => {
    const { linux } = configOf({ resources: { limits: { "hugepages-2Mi": "4Mi" } } });
    expect(linux?.resources?.hugepageLimits).toEqual([{ pageSize: "2MB", limit: 4n * 1024n ** 2n }]);
  });
});

test.each([
  [{ runAsUser: 0 }, undefined, /runAsUser is 0/],
  [{}, undefined, /runs as root/],
  [{}, 0, /runs as root/],
  [{}, "app", /runs as app, which may be root/],
  [{ runAsUser: 5 }, "root", undefined],
  [{}, 5, undefined],
])("runAsNonRoot with %j and the image's user %s", (securityContext, user, message) => {
  const plan = planOf({
    containers: [{ ...plain, securityContext: { ...securityContext, runAsNonRoot: true } }],
  });
  const [container] = plan.pod.spec.containers;
  const check = () => container && checkNonRoot(plan.pod, container, { user });
  if (message) expect(check).toThrow(message);
  else check();
});

test.each([
  ["$(A)", "1"],
  ["a$(A)b$(B)", "a1b2"],
  ["$(C) $A $", "$(C) $A $"],
  ["$$(A) $$$(A)", "$(A) $1"],
  ["$(A", "$(A"],
])("%j expands to %j", (text, expected) => {
  const variables = new Map([
    ["A", "1"],
    ["B", "2"],
  ]);
  expect(expand(text, variables)).toBe(expected);
});
