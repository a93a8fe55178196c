import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { Rollback } from "../async/rollback.js";
import { CriError } from "../errors.js";
import { claimNetwork, type NetworkClaim, sweepClaims } from "./network-claim.js";
import { runtimeMain } from "./package-files.js";
import { makePrivateDirectory, newPrivatePath } from "./private-directory.js";
import { ownConfig, placeFlags, purge, purgeAbandoned } from "./purge.js";
import { defaultTimeoutMs, ownRuntime, type RuntimeHandle } from "./runtime-handle.js";
import { RuntimeProcess } from "./runtime-process.js";

/** How a private runtime is started. */
export interface StartRuntimeOptions {
  /** Gives up the start; a runtime that serves is ended by dispose alone. */
  readonly signal?: AbortSignal | undefined;
  /** How long the runtime may take until it serves, in milliseconds; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Registries beside loopback that may be asked over plain HTTP, each as `HOST[:PORT]`. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /**
   * A file in containers-registries.conf format, absolute: mirrors and other locations of registries, so that a
   * test pulls images by the names that they have in production. The machine's own unless told.
   */
  readonly registriesConf?: string | undefined;
  /**
   * A configuration file for all that these options do not say, such as other OCI runtimes to be tried. It is copied
   * at the start. Where the runtime serves and keeps its things is not for it to say.
   */
  readonly config?: string | undefined;
  /** `info` by default. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
}

/**
 * Starts crikit's own runtime, as a child process, in a temporary directory with its own socket, images and
 * network. Needs Linux, root and the programs that `crikit-runtime` calls. What a killed process has left of
 * an earlier runtime is removed first.
 *
 * @example
 * ```ts
 * await using runtime = await startRuntime();
 * await runtime.importImage({ ref: "demo/busybox:1", ...(await busyboxImage()) });
 * await using cri = await connect(runtime.endpoint);
 * ```
 */
export async function startRuntime(options: StartRuntimeOptions = {}): Promise<RuntimeHandle> {
  options.signal?.throwIfAborted();
  checkMachine();
  const main = runtimeMain();
  const swept = sweepClaims(purgeAbandoned);
  const rollback = new Rollback();
  try {
    const directory = newPrivatePath();
    const claim = await claimNetwork(directory);
    rollback.add("give the network back", () => claim.release());
    return await start({ main, claim, options, rollback });
  } catch (error) {
    await rollback.run();
    throw error;
  } finally {
    await swept;
  }
}

interface Start {
  main: string;
  claim: NetworkClaim;
  options: StartRuntimeOptions;
  rollback: Rollback;
}

async function start({ main, claim, options, rollback }: Start): Promise<RuntimeHandle> {
  const { directory } = claim;
  const endpoint = `unix://${join(directory, "cri.sock")}`;
  const logPath = join(directory, "log");
  const flags = [...placeFlags(claim, options.config !== undefined), ...optionFlags(options)];
  const daemon = new RuntimeProcess({ args: [main, "--listen", endpoint, ...flags], directory, logPath });
  rollback.add("end the daemon's reaper", () => daemon.release());
  rollback.add("remove what the runtime has made", () => purge(claim));
  await makePrivateDirectory(directory);
  if (options.config !== undefined) await copyFile(options.config, ownConfig(directory));
  const { signal, timeoutMs = defaultTimeoutMs } = options;
  await daemon.start({ timeoutMs, signal });
  return ownRuntime({ daemon, claim, endpoint, logPath, rollback });
}

function optionFlags(options: StartRuntimeOptions): string[] {
  const { insecureRegistries = [], registriesConf, logLevel = "info" } = options;
  return [
    ...insecureRegistries.flatMap((host) => ["--insecure-registry", host]),
    ...(registriesConf === undefined ? [] : ["--registries-conf", registriesConf]),
    ...["--log-level", logLevel],
  ];
}

function checkMachine(): void {
  if (process.platform !== "linux") {
    throw new CriError(
      "failed_precondition",
      `startRuntime() runs Linux containers and this is ${process.platform}: run it in a Linux machine or container`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new CriError(
      "permission_denied",
      "startRuntime() needs root for namespaces and mounts: run with sudo, or in a privileged container",
    );
  }
}
