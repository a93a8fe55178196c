import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import type { AuthConfigSchema } from "../../../src/proto.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { authority, type Certificate, serverCertificate } from "./support/certificates.js";
import { startFront } from "./support/front.js";
import { type Image, idOf, image, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";
import { createSigner } from "./support/signer.js";
import { type Accounts, startTokenServer } from "./support/token-server.js";

type Auth = MessageInitShape<typeof AuthConfigSchema>;

/** Leads to this machine and is not one of the addresses that are spoken to without TLS unasked. */
const elsewhere = "0.0.0.0";
const accounts: Accounts = {
  username: "ann",
  password: "open sesame",
  identityToken: "identity-of-ann-4711",
};
const htpasswd = "ann:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";

let directory: string;
let storage: string;
let made: Image;
let runtime: TestRuntime | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-access-"));
  storage = join(directory, "storage");
  made = image([await layer({ "/a": "access" })]);
  await using open = await startRegistry({ storage });
  await push(open.host, "access/a:1", made);
  // skopeo looks for certificates there too, which spares the tests the machine's own directory.
  vi.stubEnv("HOME", join(directory, "home"));
  vi.stubEnv("NO_PROXY", "*");
});

afterEach(async () => {
  const left = await runtime?.end();
  runtime = undefined;
  expect(left ?? []).toEqual([]);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

async function pull({ host }: { host: string }, auth?: Auth, tag = ":1"): Promise<string> {
  runtime ??= await startTestRuntime();
  const reference = `${host}/access/a${tag}`;
  return (await runtime.images.pullImage({ image: { image: reference }, ...(auth && { auth }) })).imageRef;
}

async function write(name: string, content: string | object): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const unavailable = { code: "registry_unavailable", reason: "RegistryUnavailable" };

describe("a registry with TLS", () => {
  let trusted: Certificate;
  let registry: Registry;

  beforeAll(async () => {
    trusted = await authority(directory, "trusted");
    const tls = await serverCertificate(directory, elsewhere, trusted);
    registry = await startRegistry({ storage, address: elsewhere, tls });
  });

  afterAll(() => registry[Symbol.asyncDispose]());

  it("is refused while its certificate is unknown", async () => {
    const pulled = pull(registry);
    await expect(pulled).rejects.toMatchObject(unavailable);
    await expect(pulled).rejects.toThrow("certificate");
  });

  it("is taken without a known certificate when it is an insecure registry", async () => {
    runtime = await startTestRuntime({ insecureRegistries: [registry.host] });
    expect(await pull(registry)).toBe(idOf(made));
  });

  it("is taken when a file in certs.d knows the authority", async () => {
    const certificates = join(directory, "home/.config/containers/certs.d", registry.host);
    await mkdir(certificates, { recursive: true });
    await copyFile(trusted.certificate, join(certificates, "ca.crt"));
    expect(await pull(registry)).toBe(idOf(made));
    await rm(certificates, { recursive: true });
  });
});

describe("a registry without TLS", () => {
  it("is taken on this machine", async () => {
    await using registry = await startRegistry({ storage });
    expect(await pull(registry)).toBe(idOf(made));
  });

  it("is refused elsewhere, unless it is an insecure registry", async () => {
    await using registry = await startRegistry({ storage, address: elsewhere });
    await expect(pull(registry)).rejects.toMatchObject(unavailable);
    await runtime?.end();
    runtime = await startTestRuntime({ insecureRegistries: [registry.host] });
    expect(await pull(registry)).toBe(idOf(made));
  });
});

describe("a registry that does not answer as it should", () => {
  it("because nobody listens is unavailable", async () => {
    const gone = await startRegistry({ storage });
    await gone[Symbol.asyncDispose]();
    const pulled = pull(gone);
    await expect(pulled).rejects.toMatchObject(unavailable);
    // As kubelet reads it: the reason is the first word of what the runtime says.
    await expect(pulled).rejects.toThrow("PullImage: RegistryUnavailable: ");
  });

  it.each([[503], ["reset"]] as const)("but with %s is unavailable", async (fault) => {
    await using registry = await startRegistry({ storage });
    await using front = await startFront(registry);
    front.spoil("1", fault);
    await expect(pull(front)).rejects.toMatchObject(unavailable);
    front.spoil("1", fault, 0);
    front.spoil(idOf(made), fault);
    await expect(pull(front)).rejects.toMatchObject(unavailable);
  });
});

describe("registries.conf", () => {
  async function configured(content: string): Promise<void> {
    runtime = await startTestRuntime({ registriesConf: await write("registries.conf", content) });
  }

  it("names a mirror, which is asked in place of the registry", async () => {
    await using registry = await startRegistry({ storage });
    await using mirror = await startFront(registry);
    await configured(`
      [[registry]]
      location = "registry.test"
      [[registry.mirror]]
      location = "${mirror.host}"
      insecure = true
    `);
    expect(await pull({ host: "registry.test" })).toBe(idOf(made));
    const status = await runtime?.images.imageStatus({ image: { image: "registry.test/access/a:1" } });
    expect(status?.image?.repoTags).toEqual(["registry.test/access/a:1"]);
    expect(mirror.requests).not.toEqual([]);
  });

  it("names a mirror for digests only, which is asked for everything but the tag", async () => {
    await using registry = await startRegistry({ storage });
    await using origin = await startFront(registry);
    await using mirror = await startFront(registry);
    await configured(`
      [[registry]]
      location = "${origin.host}"
      insecure = true
      [[registry.mirror]]
      location = "${mirror.host}"
      insecure = true
      pull-from-mirror = "digest-only"
    `);
    expect(await pull(origin)).toBe(idOf(made));
    const asked = ({ requests }: { requests: readonly string[] }) =>
      requests.filter((line) => line !== "GET /v2/");
    expect(asked(origin)).toEqual(["GET /v2/access/a/manifests/1"]);
    expect(mirror.fetches(made.blobs[1]?.digest ?? "")).toBe(1);
  });

  it("names a mirror that does not answer: the registry itself is asked", async () => {
    await using registry = await startRegistry({ storage });
    const gone = await startRegistry({ storage });
    await gone[Symbol.asyncDispose]();
    await configured(`
      [[registry]]
      location = "${registry.host}"
      insecure = true
      [[registry.mirror]]
      location = "${gone.host}"
      insecure = true
    `);
    expect(await pull(registry)).toBe(idOf(made));
  });
});

describe("a registry that asks who is there", () => {
  const password = { username: accounts.username, password: accounts.password };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const denied = { code: "permission_denied" };
  let registry: Registry;

  describe("by user and password", () => {
    beforeAll(async () => {
      const path = await write("htpasswd", htpasswd);
      registry = await startRegistry({ storage, auth: { htpasswd: { realm: "test", path } } });
    });
    afterAll(() => registry[Symbol.asyncDispose]());

    it.each([
      ["username and password", password],
      ["auth", { auth: base64("ann:open sesame") }],
      ["auth as Docker pads it", { auth: base64("ann:open sesame\0\0") }],
    ])("takes %s", async (_what, auth) => {
      expect(await pull(registry, auth)).toBe(idOf(made));
    });

    it("takes credentials for its own address, with or without a scheme", async () => {
      for (const serverAddress of [registry.host, `https://${registry.host}/v2/`]) {
        expect(await pull(registry, { ...password, serverAddress })).toBe(idOf(made));
      }
    });

    it("never sees those for another one", async () => {
      const auth = { ...password, serverAddress: "https://registry.test" };
      await expect(pull(registry, auth)).rejects.toMatchObject(denied);
    });

    it("refuses no and wrong ones, also for an image that is here", async () => {
      expect(await pull(registry, password)).toBe(idOf(made));
      for (const auth of [undefined, { ...password, password: "wrong" }, { auth: base64("bob:x") }]) {
        await expect(pull(registry, auth)).rejects.toMatchObject(denied);
      }
    });

    it.each([
      [{ auth: base64("no colon") }, "auth.auth"],
      [{ registryToken: "r4w" }, "auth.registry_token"],
    ])("%j is refused with the field named", async (auth, field) => {
      const pulled = pull(registry, auth);
      await expect(pulled).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(pulled).rejects.toThrow(field);
    });
  });

  describe("by a token", () => {
    let tokens: Awaited<ReturnType<typeof startTokenServer>>;

    beforeAll(async () => {
      tokens = await startTokenServer(accounts, await authority(directory, "tokens"));
      registry = await startRegistry({ storage, auth: tokens.auth });
    });
    afterAll(async () => {
      await registry[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    });

    it("takes one that user and password brought", async () => {
      expect(await pull(registry, password)).toBe(idOf(made));
      expect(tokens.grants.at(-1)).toBe("password");
    });

    it("takes one that an identity token brought", async () => {
      expect(await pull(registry, { identityToken: accounts.identityToken })).toBe(idOf(made));
      expect(tokens.grants.at(-1)).toBe("identity token");
    });

    it.each([[undefined], [{ ...password, password: "wrong" }], [{ identityToken: "wrong" }]])(
      "refuses %j",
      async (auth) => {
        await expect(pull(registry, auth)).rejects.toMatchObject(denied);
      },
    );
  });

  it("leaves no credentials in arguments, files, logs and errors", async () => {
    const path = await write("htpasswd", htpasswd);
    registry = await startRegistry({ storage, auth: { htpasswd: { realm: "test", path } } });
    await using front = await startFront(registry);
    const secrets = ["s3cret-of-ann", base64("ann:s3cret-of-ann"), accounts.identityToken];
    const held = front.hold("1");
    const attempts = [
      pull(front, { username: "ann", password: "s3cret-of-ann" }),
      pull(front, { identityToken: accounts.identityToken }),
    ];
    const errors = Promise.all(attempts.map((attempt) => attempt.catch(String)));
    await held.asked;
    const commands = await allArguments();
    expect(commands).toContain("skopeo");
    held.release();
    const told = `${commands} ${await errors} ${runtime?.log.join()}`;
    for (const secret of secrets) expect(told).not.toContain(secret);
    expect(await readdir(join(runtime?.config.root ?? "", "tmp"))).toEqual([]);
    await registry[Symbol.asyncDispose]();
  });
});

async function allArguments(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return (await Promise.all(pids.map(read))).join(" ").replaceAll("\0", " ");
}

describe("a signature policy", () => {
  const rejected = { code: "signature_validation_failed", reason: "SignatureValidationFailed" };

  it("refuses what it rejects and what is not signed", async () => {
    await using registry = await startRegistry({ storage });
    const key = await write("key.gpg", "no key");
    for (const rule of [{ type: "reject" }, { type: "signedBy", keyType: "GPGKeys", keyPath: key }]) {
      const signaturePolicy = await write("policy.json", { default: [rule] });
      runtime = await startTestRuntime({ signaturePolicy });
      const pulled = pull(registry);
      await expect(pulled).rejects.toMatchObject(rejected);
      await expect(pulled).rejects.toThrow("PullImage: SignatureValidationFailed: ");
      expect((await runtime.images.listImages({})).images).toEqual([]);
      expect(await runtime.end()).toEqual([]);
    }
    runtime = undefined;
  });

  it("takes what a known key has signed, and refuses what another one has", async () => {
    await using registry = await startRegistry({ storage });
    await using known = await createSigner();
    await using stranger = await createSigner();
    const signatures = join(directory, "signatures");
    const places = join(directory, "home/.config/containers/registries.d");
    await mkdir(places, { recursive: true });
    const docker = { [registry.host]: { sigstore: `file://${signatures}` } };
    await writeFile(join(places, "test.yaml"), JSON.stringify({ docker }));
    const rule = { type: "signedBy", keyType: "GPGKeys", keyPath: known.publicKey };
    runtime = await startTestRuntime({ signaturePolicy: await write("policy.json", { default: [rule] }) });
    await stranger.sign(signatures, `${registry.host}/access/a:1`, made);
    await expect(pull(registry)).rejects.toMatchObject(rejected);
    await known.sign(signatures, `${registry.host}/access/a:1`, made);
    expect(await pull(registry)).toBe(idOf(made));
    await rm(places, { recursive: true });
  });

  it("is asked for each repository, also when the image is here under another name", async () => {
    await using registry = await startRegistry({ storage });
    const other = await push(registry.host, "access/b:1", made);
    const docker = { [`${registry.host}/access/a`]: [{ type: "insecureAcceptAnything" }] };
    const signaturePolicy = await write("policy.json", {
      default: [{ type: "reject" }],
      transports: { docker },
    });
    runtime = await startTestRuntime({ signaturePolicy });
    expect(await pull(registry)).toBe(idOf(made));
    const pulled = runtime.images.pullImage({ image: { image: other } });
    await expect(pulled).rejects.toMatchObject(rejected);
    expect((await runtime.images.imageStatus({ image: { image: other } })).image).toBeUndefined();
  });
});
