import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, CriError, connect } from "crikit";
import { ManifestError, type PodSpec, playPod, type SecretManifest } from "crikit/kube";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

let fake: FakeRuntime;
let cri: CriClient;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-pull-secrets-"));
  fake = await startFakeRuntime();
  cri = await connect(fake.endpoint, {
    logRoot: fake.logRoot,
    credentials: () => ({ username: "client", password: "own" }),
  });
});
afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function pullSecret(name: string, auths: object): SecretManifest {
  const stringData = { ".dockerconfigjson": JSON.stringify({ auths }) };
  return { kind: "Secret", metadata: { name }, type: "kubernetes.io/dockerconfigjson", stringData };
}

function user(name: string) {
  return { auth: Buffer.from(`${name}:secret`).toString("base64") };
}

/** Each image that the pod has pulled, and as whom. */
async function pulls(spec: Partial<PodSpec>, secrets: SecretManifest[]): Promise<[string, string][]> {
  const containers = ["team.test/a:1", "team.test/special/b:1", "other.test/c:1", "nowhere.test/d:1"].map(
    (image, index) => ({ name: `c${index}`, image }),
  );
  await using app = await playPod(
    cri,
    { metadata: { name: "app" }, spec: { containers, terminationGracePeriodSeconds: 0, ...spec } },
    { secrets, directory },
  );
  expect(app.phase).toBe("Running");
  return fake.calls
    .flatMap(({ rpc, request }): [string, string][] =>
      rpc === "pullImage" ? [[request.image?.image ?? "", request.auth?.username ?? ""]] : [],
    )
    .sort();
}

test("images are pulled with what the first pull secret has for them, others as the client pulls", async () => {
  const secrets = [
    pullSecret("one", { "team.test": user("ann"), "team.test/special": user("bob") }),
    pullSecret("two", { "team.test": user("nobody"), "https://other.test/v1/": user("carl") }),
  ];
  expect(await pulls({ imagePullSecrets: [{ name: "one" }, { name: "two" }] }, secrets)).toEqual([
    ["nowhere.test/d:1", "client"],
    ["other.test/c:1", "carl"],
    ["team.test/a:1", "ann"],
    ["team.test/special/b:1", "bob"],
  ]);
});

test("images of volumes are pulled with them too", async () => {
  const volumes = [{ name: "v", image: { reference: "team.test/v:1" } }];
  const volumeMounts = [{ name: "v", mountPath: "/v" }];
  const containers = [{ name: "c", image: "other.test/c:1", volumeMounts }];
  const spec = { containers, volumes, imagePullSecrets: [{ name: "one" }] };
  expect(await pulls(spec, [pullSecret("one", { "team.test": user("ann") })])).toEqual([
    ["other.test/c:1", "client"],
    ["team.test/v:1", "ann"],
  ]);
});

test("a pull secret that was not given, or is none, is told before anything is made", async () => {
  const imagePullSecrets = [{ name: "gone" }, { name: "plain" }];
  const plain: SecretManifest = { kind: "Secret", metadata: { name: "plain" }, stringData: { a: "b" } };
  const error = await pulls({ imagePullSecrets }, [plain]).catch((failure) => failure);
  expect(error).toBeInstanceOf(ManifestError);
  expect(
    error.problems.map(({ path, message }: { path: string; message: string }) => `${path} ${message}`),
  ).toEqual([
    "spec.imagePullSecrets[0] names the Secret gone, which was not given in the namespace default",
    "spec.imagePullSecrets[1] names the Secret plain, which has no .dockerconfigjson",
  ]);
  expect(fake.calls.map(({ rpc }) => rpc)).not.toContain("runPodSandbox");
});

test("a pull secret that cannot be read is an error of the container, with nothing of what it holds", async () => {
  const stringData = { ".dockerconfigjson": "s3cret" };
  const secrets: SecretManifest[] = [{ kind: "Secret", metadata: { name: "torn" }, stringData }];
  const error = await pulls({ imagePullSecrets: [{ name: "torn" }] }, secrets).catch((failure) => failure);
  expect(error).toBeInstanceOf(CriError);
  expect(error).toMatchObject({ code: "credentials_failed", message: expect.stringContaining("c0") });
  expect(String(error)).not.toContain("s3cret");
});
