import { ManifestError, type PodManifest } from "crikit/kube";
import { expect, test } from "vitest";
import { readManifest } from "../../src/kube/manifest/read-manifest.js";

function problemsOf(manifest: Parameters<typeof readManifest>[0]): string[] {
  try {
    readManifest(manifest);
    return [];
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return error.problems.map(({ path, kind, message }) => `${kind} ${path} ${message}`);
  }
}

const container = { name: "web", image: "nginx" };

function podOf(spec: object, metadata: object = { name: "app" }): PodManifest {
  return { metadata, spec: { containers: [container], ...spec } } as PodManifest;
}

test("all that is wrong is told at once, each with its path", () => {
  const problems = problemsOf(`
    apiVersion: v2
    kind: Pod
    metadata: { name: My_App, labels: { a: "not a value!" }, generation: 3 }
    spec:
      schedulerName: other
      serviceAccountName: admin
      restartPolicy: Sometimes
      containers:
        - name: web
          image: "not an image"
          resizePolicy: [{ resourceName: cpu, restartPolicy: NotRequired }]
          ports: [{ containerPort: 70000 }, { containerPort: 80, hostPort: 0 }]
          resources: { limits: { cpu: "1 core", nvidia.com/gpu: 1 } }
          env: [{ name: A, value: 5 }, { value: x }]
  `);
  expect(problems).toEqual([
    'invalid apiVersion is "v2", must be `v1`',
    'invalid metadata.name is "My_App", must be a DNS name in lower case',
    'invalid metadata.labels.a is "not a value!", must be a label value (letters, digits, - _ . within)',
    "unsupported metadata.generation is not carried out",
    expect.stringMatching(/^invalid spec.containers\[0\].image is no image: /),
    "invalid spec.containers[0].ports[0].containerPort is 70000, must be whole number from 1 to 65535",
    "invalid spec.containers[0].ports[1].hostPort is 0, must be whole number from 1 to 65535",
    "invalid spec.containers[0].env[0].value is a number, must be text",
    "invalid spec.containers[0].env[1].name is missing",
    'invalid spec.containers[0].resources.limits.cpu is "1 core", must be a quantity such as 500m, 64Mi or 2',
    'unsupported spec.containers[0].resources.limits["nvidia.com/gpu"] no device plugin gives it out',
    "unsupported spec.containers[0].resizePolicy is not carried out",
    'invalid spec.restartPolicy is "Sometimes", must be `Always`, `OnFailure`, `Never`',
    "unsupported spec.schedulerName nothing is scheduled: take it out",
    "unsupported spec.serviceAccountName there is no API server to ask for a token",
  ]);
});

test("what is wrong between the parts is told with its path", () => {
  expect(
    problemsOf(
      podOf({
        hostPID: true,
        shareProcessNamespace: true,
        dnsPolicy: "None",
        volumes: [
          { name: "a", emptyDir: {} },
          { name: "a", hostPath: { path: "/x" }, emptyDir: {} },
          { name: "cm", configMap: { name: "missing" } },
          { name: "opt", configMap: { name: "missing", optional: true } },
          {
            name: "down",
            downwardAPI: { items: [{ path: "x", resourceFieldRef: { resource: "limits.cpu" } }] },
          },
        ],
        initContainers: [{ name: "web", image: "nginx", livenessProbe: { exec: { command: ["true"] } } }],
        containers: [
          {
            ...container,
            ports: [
              { name: "http", containerPort: 80, hostPort: 8080 },
              { name: "http", containerPort: 81, hostPort: 8080 },
            ],
            volumeMounts: [
              { name: "nope", mountPath: "/a" },
              { name: "a", mountPath: "/a", mountPropagation: "Bidirectional" },
              { name: "a", mountPath: "/b", subPath: "../etc" },
            ],
            readinessProbe: { httpGet: { port: "admin" } },
            env: [{ name: "S", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
          },
        ],
      }),
    ),
  ).toEqual([
    "invalid spec.containers[0].volumeMounts[2].subPath may not have .. in it",
    "invalid spec.initContainers[0] may not have livenessProbe, as it is no sidecar: give it restartPolicy Always",
    "invalid spec.volumes[1] must have exactly one of emptyDir, hostPath, configMap, secret, downwardAPI, projected, image: there are emptyDir and hostPath",
  ]);
  expect(
    problemsOf(
      podOf({
        hostPID: true,
        shareProcessNamespace: true,
        dnsPolicy: "None",
        volumes: [
          { name: "a", emptyDir: {} },
          { name: "a", emptyDir: {} },
          { name: "cm", configMap: { name: "missing" } },
          { name: "opt", configMap: { name: "missing", optional: true } },
          {
            name: "down",
            downwardAPI: { items: [{ path: "x", resourceFieldRef: { resource: "limits.cpu" } }] },
          },
        ],
        initContainers: [{ name: "web", image: "nginx" }],
        containers: [
          {
            ...container,
            ports: [
              { name: "http", containerPort: 80, hostPort: 8080 },
              { name: "http", containerPort: 81, hostPort: 8080 },
            ],
            volumeMounts: [
              { name: "nope", mountPath: "/a" },
              { name: "a", mountPath: "/a", mountPropagation: "Bidirectional" },
            ],
            readinessProbe: { httpGet: { port: "admin" } },
            env: [{ name: "S", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
          },
        ],
      }),
    ),
  ).toEqual([
    "invalid spec.containers[0].name is web, as another container is named",
    "invalid spec.volumes[1].name is a, as another volume is named",
    "invalid spec.containers[0].ports[1].name is http, as another port is",
    "invalid spec.containers[0].ports[1].hostPort is 8080, as that of another port",
    "invalid spec.containers[0].volumeMounts[0].name is nope, and there is no volume of that name",
    "invalid spec.containers[0].volumeMounts[1].mountPath is /a, as that of another mount",
    "invalid spec.containers[0].volumeMounts[1].mountPropagation is Bidirectional, which wants a privileged container",
    "invalid spec.containers[0].readinessProbe.httpGet.port is admin, and the container has no port of that name",
    "invalid spec.containers[0].env[0].valueFrom.secretKeyRef names the Secret s, which was not given in the namespace default",
    "invalid spec.volumes[2].configMap names the ConfigMap missing, which was not given in the namespace default",
    "invalid spec.volumes[4].downwardAPI.items[0].resourceFieldRef must have a containerName, in a volume",
    "invalid spec.shareProcessNamespace may not be set together with hostPID",
    "invalid spec.dnsConfig must have nameservers, as dnsPolicy is None",
  ]);
});

test("fields that say nothing are no problem, as other programs write them", () => {
  const manifest = {
    ...podOf({ affinity: null, tolerations: [], nodeSelector: {}, initContainers: null }),
    status: {},
  };
  expect(
    problemsOf({ ...manifest, metadata: { name: "app", creationTimestamp: null } } as PodManifest),
  ).toEqual([]);
});

test("of some fields one value alone is carried out", () => {
  expect(problemsOf(podOf({ enableServiceLinks: false }))).toEqual([]);
  expect(problemsOf(podOf({ enableServiceLinks: true }))).toEqual([
    "unsupported spec.enableServiceLinks is true: there are no services",
  ]);
});

test("a pod with users of its own shares no other namespace with the host", () => {
  expect(problemsOf(podOf({ hostUsers: false }))).toEqual([]);
  expect(problemsOf(podOf({ hostUsers: true, hostPID: true }))).toEqual([]);
  expect(problemsOf(podOf({ hostUsers: false, hostPID: true }))).toEqual([
    "invalid spec has hostUsers false together with hostPID: take one of them out",
  ]);
});

test("YAML is read as kubectl reads it", () => {
  const { pod } = readManifest(`
    kind: Pod
    metadata: { name: app, annotations: { day: 2020-01-01, time: 12:30 } }
    spec:
      volumes:
        - name: secret
          secret: { secretName: s, optional: true, defaultMode: 0400 }
      containers: [{ name: web, image: nginx, tty: yes }]
  `);
  expect(pod.spec.volumes[0]?.secret?.defaultMode).toBe(0o400);
  expect(pod.spec.containers[0]?.tty).toBe(true);
  expect(pod.metadata.annotations).toEqual({ day: "2020-01-01", time: "12:30" });
});

test("ConfigMaps and Secrets may stand beside the Pod, those of other namespaces are not its own", () => {
  const plan = readManifest(`
kind: ConfigMap
metadata: { name: settings, labels: { app: web } }
data: { a: "1" }
binaryData: { b: AAE= }
---
kind: Secret
metadata: { name: key }
data: { token: czNjcmV0 }
stringData: { plain: text }
---
kind: Secret
metadata: { name: other, namespace: elsewhere }
data: {}
---
apiVersion: v1
kind: Pod
metadata: { name: app }
spec: { containers: [{ name: web, image: nginx }] }
`);
  expect([...plan.configMaps.keys()]).toEqual(["settings"]);
  expect(plan.configMaps.get("settings")?.get("b")).toEqual(Buffer.from([0, 1]));
  expect([...plan.secrets.keys()]).toEqual(["key"]);
  expect(Buffer.from(plan.secrets.get("key")?.get("token") ?? []).toString()).toBe("s3cret");
});

test("there must be one Pod, and nothing that cannot be played", () => {
  expect(problemsOf("")).toEqual(["invalid  must hold one Pod: there is none"]);
  expect(problemsOf([podOf({}), podOf({})])).toEqual(["invalid  must hold one Pod: there are 2"]);
  expect(
    problemsOf(
      "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n---\nkind: Service\nmetadata: {name: svc}",
    ),
  ).toEqual(["unsupported Service svc is not played: only a Pod is, with ConfigMaps and Secrets"]);
  expect(problemsOf("a: b: c")[0]).toMatch(/^invalid {2}is no YAML: /);
});

test("what is no YAML is told by its place, and not quoted: a Secret may be in it", () => {
  const problems = problemsOf('kind: Secret\nstringData:\n  password: "s3cret\n');
  expect(problems).toEqual(['invalid  is no YAML: Missing closing "quote at line 4, column 1']);
  expect(problemsOf("a: *nowhere")[0]).toMatch(/^invalid {2}is no YAML: .*nowhere/);
});

test("no value of a Secret or a variable is in an error", () => {
  const text = problemsOf([
    podOf({ containers: [{ ...container, env: [{ name: "A", value: 31337 }] }] }),
    {
      kind: "Secret",
      metadata: { name: "s" },
      data: { k: "not-base64-31337!" },
      stringData: { n: 31337 },
    } as never,
  ]).join("\n");
  expect(text).toMatch(/Secret s.data.k is not base64/);
  expect(text).not.toContain("31337");
});

test.each([
  ["5 bytes", false],
  ["1.5Gi", true],
  ["-1", false],
  ["", false],
  ["1e3", true],
  ["100m", true],
])("the quantity %j is taken: %s", (cpu, isTaken) => {
  const problems = problemsOf(podOf({ containers: [{ ...container, resources: { requests: { cpu } } }] }));
  expect(problems.length === 0).toBe(isTaken);
});
