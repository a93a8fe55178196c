import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { until } from "../../../support/until.js";

const program = fileURLToPath(
  new URL("../../../../.cache/test-programs/docker-registry/usr/bin/docker-registry", import.meta.url),
);

export interface RegistryOptions {
  /** Where it listens: 127.0.0.1 unless given. */
  address?: string;
  /** A free one unless given. */
  port?: number;
  /** What it keeps, which other registries may serve as well. */
  storage?: string;
  tls?: { certificate: string; key: string };
  /** The `auth` part of its configuration. */
  auth?: object;
}

/** The registry of the Docker distribution. */
export interface Registry extends AsyncDisposable {
  /** `ADDRESS:PORT` */
  readonly host: string;
  readonly storage: string;
  log(): Promise<string>;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  if (!existsSync(program)) {
    throw new Error("docker-registry is not unpacked: run `node scripts/test-programs.mjs`");
  }
  const directory = await mkdtemp(join(tmpdir(), "crikit-registry-"));
  const {
    address = "127.0.0.1",
    port: wanted = 0,
    storage = join(directory, "storage"),
    tls,
    auth,
  } = options;
  const config = {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: {
      addr: `${address}:${wanted}`,
      secret: "test",
      tls: tls && { certificate: tls.certificate, key: tls.key },
    },
    auth,
  };
  // JSON is YAML.
  await writeFile(join(directory, "config.yml"), JSON.stringify(config));
  const logFile = join(directory, "log");
  const script = 'exec "$0" serve "$1" > "$2" 2>&1';
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "sh", "-c", script, program, join(directory, "config.yml"), logFile],
    { stdio: "ignore" },
  );
  const log = () => readFile(logFile, "utf8").catch(() => "");
  let port: string | undefined;
  await until("the registry listens", async () => {
    if (child.exitCode !== null) throw new Error(`The registry has ended:\n${await log()}`);
    port = /listening on [^ ]*:(\d+)/.exec(await log())?.[1];
    return port !== undefined;
  });
  return {
    host: `${address}:${port}`,
    storage,
    log,
    async [Symbol.asyncDispose]() {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await until("the registry has ended", () => child.exitCode !== null || child.signalCode !== null);
}

/** The file in which a registry keeps a blob, for damaging it. */
export function storedBlob({ storage }: { storage: string }, digest: string): string {
  const hex = digest.replace("sha256:", "");
  return join(storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
}
