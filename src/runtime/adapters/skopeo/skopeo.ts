import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CommandError, runCommand } from "../run-command.js";
import { untilParentDies } from "../until-parent-dies.js";
import { registryError } from "./registry-error.js";

/** How to get at an image's source. */
export interface Access {
  credentials?: Credentials | undefined;
  /** Speak plain HTTP where the registry has no TLS, and do not check certificates. */
  insecure?: boolean;
  signal?: AbortSignal | undefined;
}

/** Either a user with a password, or an identity token. */
export type Credentials =
  | { domain: string; username: string; password: string }
  | { domain: string; identityToken: string };

/** A source as skopeo names it: `docker://repository@digest`, `oci:/dir:tag`, `oci-archive:/file`. */
export interface Skopeo {
  /** The manifest or index, byte for byte. */
  inspectRaw(source: string, access: Access): Promise<string>;
  /** The configuration of the image for this host's platform, byte for byte. */
  inspectConfig(source: string, access: Access): Promise<string>;
  /**
   * Copies an image of this host's platform into an OCI layout, its layers byte for byte. Layers whose file
   * is there, whatever is in it, are not fetched. The only call that asks for signatures.
   */
  copy(source: string, layout: string, access: Access): Promise<void>;
}

export interface SkopeoOptions {
  path: string;
  /** For files with credentials: private, and removed after each use. */
  temporaryDirectory: string;
  /** `containers-policy.json`: which signatures are asked for. Any image is accepted unless given. */
  policy?: string | undefined;
  /** `containers-registries.conf`: mirrors, other locations, registries without TLS. */
  registriesConf?: string | undefined;
  /** As image indexes spell it. */
  architecture: string;
}

const acceptAnything = JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] });

export function createSkopeo(options: SkopeoOptions): Skopeo {
  async function run(access: Access, command: (files: Files) => string[]): Promise<string> {
    const directory = await mkdtemp(join(options.temporaryDirectory, "skopeo-"));
    try {
      const files = await writeFiles(directory, access.credentials);
      const args = ["--policy", options.policy ?? files.policy, "--override-os", "linux"];
      args.push("--override-arch", options.architecture, "--tmpdir", directory);
      if (options.registriesConf) args.push("--registries-conf", options.registriesConf);
      args.push(...command(files));
      const { stdout } = await runCommand(...untilParentDies([options.path, ...args]), {
        // It finds proxies, credentials and its own configuration by it.
        env: process.env,
        signal: access.signal,
      });
      return stdout;
    } catch (error) {
      throw error instanceof CommandError ? registryError(error) : error;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  function inspect(flags: string[], source: string, access: Access): Promise<string> {
    return run(access, ({ authFile }) => [
      "inspect",
      ...flags,
      ...(authFile ? ["--authfile", authFile] : ["--no-creds"]),
      ...(access.insecure ? ["--tls-verify=false"] : []),
      source,
    ]);
  }

  return {
    inspectRaw: (source, access) => inspect(["--raw"], source, access),

    inspectConfig: (source, access) => inspect(["--config", "--raw"], source, access),

    async copy(source, layout, access) {
      await run(access, ({ authFile }) => [
        "copy",
        "--quiet",
        ...(authFile ? ["--src-authfile", authFile] : ["--src-no-creds"]),
        ...(access.insecure ? ["--src-tls-verify=false"] : []),
        "--dest-oci-accept-uncompressed-layers",
        // They are looked at on the way, and a layout has no place for them.
        "--remove-signatures",
        source,
        `oci:${layout}:image`,
      ]);
    },
  };
}

interface Files {
  policy: string;
  authFile: string | undefined;
}

async function writeFiles(directory: string, credentials: Credentials | undefined): Promise<Files> {
  const policy = join(directory, "policy.json");
  await writeFile(policy, acceptAnything, { mode: 0o600 });
  if (!credentials) return { policy, authFile: undefined };
  const authFile = join(directory, "auth.json");
  const auths = { [credentials.domain]: authEntry(credentials) };
  await writeFile(authFile, JSON.stringify({ auths }), { mode: 0o600 });
  return { policy, authFile };
}

function authEntry(credentials: Credentials): Record<string, string> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  if ("password" in credentials) {
    return { auth: base64(`${credentials.username}:${credentials.password}`) };
  }
  // An entry without a user is passed over, so there is an empty one.
  return { auth: base64(":"), identitytoken: credentials.identityToken };
}
