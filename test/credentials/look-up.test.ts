import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuthPlaces } from "../../src/credentials/auth-files.js";
import { askHelper } from "../../src/credentials/helper.js";
import { type CredentialSource, lookUpCredentials } from "../../src/credentials/look-up.js";
import { CriError, findCredentials, parseImageRef } from "../../src/index.js";
import { until } from "../support/until.js";

let root: string;
let places: AuthPlaces;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "crikit-credentials-"));
  const env = {
    PATH: [join(root, "bin"), process.env.PATH].join(delimiter),
    XDG_RUNTIME_DIR: join(root, "run"),
  };
  places = { env, home: join(root, "home"), platform: "linux", uid: 4711 };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const user = (name: string) => ({ auth: Buffer.from(`${name}:secret-${name}`).toString("base64") });
const found = (name: string) => ({ username: name, password: `secret-${name}` });

/** Writes a file of credentials; returns its path. */
async function write(path: string, content: object | string): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, typeof content === "string" ? content : JSON.stringify(content));
  return full;
}

/** A credential helper in PATH; what it is asked for is in the file `asked`. */
async function helper(name: string, script: string): Promise<void> {
  const path = await write(
    `bin/docker-credential-${name}`,
    `#!/bin/sh\nasked=$(cat)\necho "$1 $asked" >> ${join(root, "asked")}\n${script}\n`,
  );
  await chmod(path, 0o755);
}

const asked = async () => (await readFile(join(root, "asked"), "utf8")).trim().split("\n");

function lookUp(ref: string, source: CredentialSource = "auto", signal?: AbortSignal) {
  return lookUpCredentials(source, parseImageRef(ref), signal, places);
}

const inFile = async (content: object, ref: string) => {
  const file = await write("auth.json", content);
  return lookUp(ref, { file });
};

describe("files", () => {
  test("are looked into in the order of podman and skopeo, the next where one knows nothing", async () => {
    const dockers = await write("home/.docker/config.json", { auths: { "r.test": user("docker") } });
    expect(await lookUp("r.test/app")).toEqual(found("docker"));
    const own = await write("home/.config/containers/auth.json", { auths: { "r.test": user("own") } });
    expect(await lookUp("r.test/app")).toEqual(found("own"));
    const session = await write("run/containers/auth.json", { auths: { "r.test": user("session") } });
    expect(await lookUp("r.test/app")).toEqual(found("session"));
    for (const path of [session, own]) await write(path.slice(root.length), { auths: { "r.test": {} } });
    expect(await lookUp("r.test/app")).toEqual(found("docker"));
    await rm(dockers);
    expect(await lookUp("r.test/app")).toBeUndefined();
  });

  test("lie where the environment says", async () => {
    await write("config/containers/auth.json", { auths: { "r.test": user("config") } });
    await write("docker/config.json", { auths: { "r.test": user("docker"), "s.test": user("docker") } });
    places = {
      ...places,
      env: { XDG_CONFIG_HOME: join(root, "config"), DOCKER_CONFIG: join(root, "docker") },
    };
    expect(await lookUp("r.test/app")).toEqual(found("config"));
    expect(await lookUp("s.test/app")).toEqual(found("docker"));
  });

  test("of REGISTRY_AUTH_FILE stand alone, and must be there", async () => {
    await write("run/containers/auth.json", { auths: { "r.test": user("session") } });
    const path = await write("mine.json", { auths: { "s.test": user("mine") } });
    places = { ...places, env: { ...places.env, REGISTRY_AUTH_FILE: path } };
    expect(await lookUp("s.test/app")).toEqual(found("mine"));
    expect(await lookUp("r.test/app")).toBeUndefined();
    await rm(path);
    await expect(lookUp("s.test/app")).rejects.toThrow(path);
  });

  test("that are named must be there, others need not", async () => {
    expect(await lookUp("r.test/app")).toBeUndefined();
    const file = join(root, "nothing.json");
    await expect(lookUp("r.test/app", { file })).rejects.toMatchObject({
      code: "credentials_failed",
      message: expect.stringContaining(file),
    });
  });

  test.each([
    ["no JSON", '{"auths": {"r.test": {"auth": "c2VjcmV0LXNlY3JldA=="'],
    ["no object", '"c2VjcmV0LXNlY3JldA=="'],
    ["no object of registries", '{"auths": ["c2VjcmV0LXNlY3JldA=="]}'],
    ["no base64 of USER:PASSWORD", '{"auths": {"r.test": {"auth": "c2VjcmV0LXNlY3JldA=="}}}'],
  ])("that are %s fail the lookup, which names the file and quotes nothing", async (_what, text) => {
    const file = await write("auth.json", text);
    const error = await lookUp("r.test/app", { file }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CriError);
    expect(error).toMatchObject({ code: "credentials_failed", message: expect.stringContaining(file) });
    const { message, cause, stack } = error as CriError;
    expect(`${message} ${cause} ${stack}`).not.toMatch(/c2Vj|secret-secret/);
  });
});

describe("entries", () => {
  test.each([
    ["the repository", "quay.test/team/app:1", "app"],
    ["the longest part of its path", "quay.test/team/other@sha256:".concat("0".repeat(64)), "team"],
    ["the registry", "quay.test/elsewhere/app", "registry"],
    ["no part of a name", "quay.test/teams/app", "registry"],
  ])("are found by %s", async (_what, ref, name) => {
    const auths = {
      "quay.test": user("registry"),
      "quay.test/team": user("team"),
      "quay.test/team/app": user("app"),
    };
    expect(await inFile({ auths }, ref)).toEqual(found(name));
  });

  test.each([
    ["https://index.docker.io/v1/"],
    ["docker.io"],
    ["index.docker.io"],
    ["docker.io/library"],
    ["registry-1.docker.io"],
  ])("of Docker Hub are found under %s", async (key) => {
    expect(await inFile({ auths: { [key]: user("hub") } }, "nginx")).toEqual(found("hub"));
    expect(await inFile({ auths: { [key]: user("hub") } }, "r.test/nginx")).toBeUndefined();
  });

  test("under an address are those of its host, with its port", async () => {
    const auths = { "https://r.test:5000/v2/": user("old"), "http://s.test": user("older") };
    expect(await inFile({ auths }, "r.test:5000/app")).toEqual(found("old"));
    expect(await inFile({ auths }, "s.test/app")).toEqual(found("older"));
    expect(await inFile({ auths }, "r.test/app")).toBeUndefined();
  });

  test("have a user and password, an identity token or a registry token", async () => {
    const auths = {
      "a.test": { username: "plain", password: "text" },
      "b.test": { auth: Buffer.from("0000:").toString("base64"), identitytoken: "identity" },
      "c.test": { registrytoken: "bearer" },
      "d.test": { auth: Buffer.from("padded:with:colon\0\0").toString("base64") },
      "e.test": { auth: "" },
    };
    expect(await inFile({ auths }, "a.test/app")).toEqual({ username: "plain", password: "text" });
    expect(await inFile({ auths }, "b.test/app")).toEqual({ identityToken: "identity" });
    expect(await inFile({ auths }, "c.test/app")).toEqual({ registryToken: "bearer" });
    expect(await inFile({ auths }, "d.test/app")).toEqual({ username: "padded", password: "with:colon" });
    expect(await inFile({ auths }, "e.test/app")).toBeUndefined();
  });
});

describe("helpers", () => {
  const answers = (username: string, secret: string) =>
    `echo '{"ServerURL":"x","Username":"${username}","Secret":"${secret}"}'`;

  test("for a registry are asked for it, and no entry beside them counts", async () => {
    await helper("one", answers("ann", "s3cret"));
    const file = { credHelpers: { "r.test:5000": "one" }, auths: { "r.test:5000/team": user("entry") } };
    expect(await inFile(file, "r.test:5000/team/app")).toEqual({ username: "ann", password: "s3cret" });
    expect(await asked()).toEqual(["get r.test:5000"]);
    expect(await inFile(file, "r.test/app")).toBeUndefined();
  });

  test("for all registries are asked for what the file does not hold", async () => {
    await helper("store", answers("<token>", "identity"));
    const file = { credsStore: "store", auths: { "r.test": {}, "s.test": user("entry") } };
    expect(await inFile(file, "r.test/app")).toEqual({ identityToken: "identity" });
    expect(await inFile(file, "s.test/app")).toEqual(found("entry"));
    expect(await asked()).toEqual(["get r.test"]);
  });

  test("know Docker Hub by its address, or by its name", async () => {
    const onlyName = `[ "$asked" = docker.io ] || { echo credentials not found in native keychain; exit 1; }`;
    await helper("hub", `${onlyName}\n${answers("ann", "s3cret")}`);
    expect(await inFile({ credHelpers: { "https://index.docker.io/v1/": "hub" } }, "nginx")).toEqual({
      username: "ann",
      password: "s3cret",
    });
    expect(await asked()).toEqual(["get https://index.docker.io/v1/", "get docker.io"]);
  });

  test("that know nothing leave it to the next file", async () => {
    await helper("empty", "echo credentials not found in native keychain; exit 1");
    await write("run/containers/auth.json", { credsStore: "empty" });
    await write("home/.docker/config.json", { auths: { "r.test": user("docker") } });
    expect(await lookUp("r.test/app")).toEqual(found("docker"));
  });

  test.each([
    [
      "fails",
      "echo s3cret; echo s3cret >&2; exit 3",
      /docker-credential-bad failed \(3\).*docker-credential-bad get/,
    ],
    ["does not answer in JSON", "echo s3cret", /docker-credential-bad did not answer in JSON/],
  ])("one that %s fails the lookup, with nothing of what it said", async (_what, script, message) => {
    await helper("bad", script);
    const error = await inFile({ credsStore: "bad" }, "r.test/app").catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "credentials_failed", message: expect.stringMatching(message) });
    const { message: told, cause, stack } = error as CriError;
    expect(`${told} ${cause} ${stack}`).not.toContain("s3cret");
  });

  test("one that is not installed, or is no name of a program, fails the lookup", async () => {
    await expect(inFile({ credsStore: "missing" }, "r.test/app")).rejects.toThrow(
      "docker-credential-missing is not in PATH",
    );
    await expect(inFile({ credsStore: "../../bin/sh" }, "r.test/app")).rejects.toThrow("is not a word");
  });

  test("one that hangs is ended with the lookup, which throws the signal's reason", async () => {
    await helper("slow", `echo $$ > ${join(root, "pid")}; exec sleep 1000`);
    const controller = new AbortController();
    const file = await write("auth.json", { credsStore: "slow" });
    const looked = lookUp("r.test/app", { file }, controller.signal);
    looked.catch(() => {});
    await until("it runs", () => existsSync(join(root, "pid")));
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(looked).rejects.toBe(reason);
    const pid = Number(await readFile(join(root, "pid"), "utf8"));
    await until("it is gone", () => !existsSync(`/proc/${pid}`));
  });

  test("one that has had its time is ended", async () => {
    await helper("hangs", `echo $$ > ${join(root, "pid")}; exec sleep 1000`);
    const asking = askHelper("hangs", "r.test", { env: places.env, timeoutMs: 2000 });
    await expect(asking).rejects.toThrow("docker-credential-hangs was not done within 2 s");
    const pid = Number(await readFile(join(root, "pid"), "utf8"));
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

describe("a function", () => {
  test("is told the completed name, and gives what it likes", async () => {
    const source: CredentialSource = ({ domain, path }) =>
      domain === "docker.io" ? { username: path, password: "p" } : undefined;
    expect(await lookUp("nginx", source)).toEqual({ username: "library/nginx", password: "p" });
    expect(await lookUp("r.test/app", async (ref) => source(ref, { signal: undefined }))).toBeUndefined();
  });

  test("that throws fails the lookup with its own error", async () => {
    const error = new Error("vault is sealed");
    await expect(lookUp("nginx", () => Promise.reject(error))).rejects.toBe(error);
  });
});

test("a source that is none is refused by its field", async () => {
  for (const source of ["automatic", { file: "" }, null]) {
    await expect(lookUp("nginx", source as CredentialSource)).rejects.toMatchObject({ field: "credentials" });
  }
  expect(await lookUp("nginx", "none")).toBeUndefined();
});

test("a text that is no file has the same entries, and its helpers are not asked", () => {
  const text = JSON.stringify({
    auths: { "r.test": user("all"), "r.test/team": user("team") },
    credHelpers: { "other.test": "ann" },
    credsStore: "ann",
  });
  expect(findCredentials(text, "r.test/team/app:1")).toEqual(found("team"));
  expect(findCredentials(text, parseImageRef("r.test/app"))).toEqual(found("all"));
  expect(findCredentials(text, "other.test/app")).toBeUndefined();
  expect(() => findCredentials("s3cret", "r.test/app")).toThrow(
    /^The text with credentials is not JSON(?!.*s3cret)/,
  );
});
