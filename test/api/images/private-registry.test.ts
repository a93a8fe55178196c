import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type CriClient, connect } from "crikit";
import { startRuntime } from "crikit/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authority } from "../../runtime/image/support/certificates.js";
import { image, layer, push } from "../../runtime/image/support/images.js";
import { type Registry, startRegistry } from "../../runtime/image/support/registry.js";
import { startTokenServer, type TokenServer } from "../../runtime/image/support/token-server.js";
import { startContainerd } from "../../support/containerd.js";

const accounts = { username: "ann", password: "open sesame", identityToken: "identity-of-ann-4711" };
const htpasswd = "ann:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";

let directory: string;
let byPassword: Registry;
let byToken: Registry;
let tokens: TokenServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-private-"));
  const storage = join(directory, "storage");
  const made = image([await layer({ "/a": "private" })]);
  {
    await using open = await startRegistry({ storage });
    await push(open.host, "team/app:1", made);
  }
  const path = await write("htpasswd", htpasswd);
  byPassword = await startRegistry({ storage, auth: { htpasswd: { realm: "test", path } } });
  tokens = await startTokenServer(accounts, await authority(directory, "tokens"));
  byToken = await startRegistry({ storage, auth: tokens.auth });
  await helper("ann", `{"Username":"${accounts.username}","Secret":"${accounts.password}"}`);
  await helper("token", `{"Username":"<token>","Secret":"${accounts.identityToken}"}`);
});

afterAll(async () => {
  for (const each of [byPassword, byToken, tokens]) await each[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

afterEach(() => vi.unstubAllEnvs());

async function write(name: string, content: string | object): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

async function helper(name: string, answer: string): Promise<void> {
  const path = await write(`bin/docker-credential-${name}`, `#!/bin/sh\ncat > /dev/null\necho '${answer}'\n`);
  await chmod(path, 0o755);
}

/** What a user has who is logged in: the files in a home of this test alone, the helpers in PATH. */
function logIn(): void {
  vi.stubEnv("PATH", [join(directory, "bin"), process.env.PATH].join(delimiter));
  vi.stubEnv("XDG_RUNTIME_DIR", join(directory, "run"));
  vi.stubEnv("XDG_CONFIG_HOME", join(directory, "config"));
  vi.stubEnv("DOCKER_CONFIG", join(directory, "docker"));
  vi.stubEnv("REGISTRY_AUTH_FILE", undefined);
}

/** With the code that a refused pull has there. */
const runtimes: [string, () => Promise<AsyncDisposable & { endpoint: string }>, string][] = [
  ["containerd", startContainerd, "unknown"],
  ["crikit-runtime", startRuntime, "permission_denied"],
];

describe.each(runtimes)("a private registry, and %s", (_name, start, code) => {
  let runtime: AsyncDisposable & { endpoint: string };
  let cri: CriClient;

  beforeAll(async () => {
    runtime = await start();
    cri = await connect(runtime.endpoint, { credentials: "auto" });
  });
  afterEach(async () => {
    for (const { host } of [byPassword, byToken]) await cri.images.remove(`${host}/team/app:1`);
  });
  afterAll(async () => {
    await cri[Symbol.asyncDispose]();
    await runtime[Symbol.asyncDispose]();
  });

  const ref = (registry: Registry) => `${registry.host}/team/app:1`;
  const { username, password, identityToken } = accounts;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");

  test.each([
    ["user and password", { username, password }],
    ["base64", { auth }],
  ])("credentials in the call, as %s, open it; without there is nothing", async (_what, auth) => {
    logIn();
    await expect(cri.images.pull(ref(byPassword))).rejects.toMatchObject({ code });
    expect(await cri.images.status(ref(byPassword))).toBeUndefined();
    await cri.images.pull(ref(byPassword), { auth });
    expect((await cri.images.status(ref(byPassword)))?.repoTags).toEqual([ref(byPassword)]);
  });

  test("credentials of podman's and Docker's files open it, the nearest for the name", async () => {
    logIn();
    const wrong = { auth: Buffer.from("ann:wr0ng-s3cret").toString("base64") };
    const { host } = byPassword;
    await write("docker/config.json", { auths: { [`https://${host}/v1/`]: { auth } } });
    await cri.images.ensure(ref(byPassword));
    await cri.images.remove(ref(byPassword));
    await write("run/containers/auth.json", { auths: { [host]: wrong, [`${host}/team`]: { auth } } });
    await cri.images.ensure(ref(byPassword));
    await cri.images.remove(ref(byPassword));
    await write("run/containers/auth.json", { auths: { [host]: { auth }, [`${host}/team`]: wrong } });
    const error = await cri.images.ensure(ref(byPassword)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(`${error}`).not.toContain("wr0ng-s3cret");
    for (const name of ["docker", "run"]) await rm(join(directory, name), { recursive: true });
  });

  test("credential helpers open it, with a password and with an identity token", async () => {
    logIn();
    const { host } = byPassword;
    await write("docker/config.json", { auths: { [host]: {} }, credsStore: "ann" });
    await cri.images.pull(ref(byPassword));
    await write("docker/config.json", { credHelpers: { [byToken.host]: "token" } });
    await cri.images.pull(ref(byToken));
    expect(tokens.grants.at(-1)).toBe("identity token");
    await rm(join(directory, "docker"), { recursive: true });
  });

  test("an identity token in the call opens it, one that is not theirs does not", async () => {
    await cri.images.pull(ref(byToken), { auth: { identityToken } });
    await cri.images.remove(ref(byToken));
    const pull = cri.images.pull(ref(byToken), { auth: { identityToken: "stolen" } });
    await expect(pull).rejects.toMatchObject({ code });
  });
});
