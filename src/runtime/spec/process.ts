import { posix } from "node:path";

import type { ContainerConfig } from "../../proto.js";
import type { OciRlimit } from "../oci.js";
import { invalid } from "./invalid.js";

/** The parts of an image's configuration that shape a process. */
export interface ImageDefaults {
  /** `NAME=value`. */
  env: readonly string[];
  entrypoint: readonly string[];
  cmd: readonly string[];
  workingDir: string;
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const softOpenFiles = 1024;
const hardOpenFiles = 524_288;

/**
 * What to run: `command` takes the place of the image's entrypoint and drops its cmd as well, `args` takes
 * the place of its cmd.
 */
export function processArgs(config: ContainerConfig, image: ImageDefaults): string[] {
  const entrypoint = config.command.length > 0 ? config.command : image.entrypoint;
  const args = config.args.length > 0 || config.command.length > 0 ? config.args : image.cmd;
  const all = [...entrypoint, ...args];
  if (all.length > 0) return all;
  throw invalid("config.command", "is empty, and the image names no command either");
}

/** The environment: the image's, then the request's; of one name the last one counts. */
export function processEnv(config: ContainerConfig, image: ImageDefaults, hostname: string): string[] {
  const env = new Map<string, string>();
  const set = (entry: string) => env.set(entry.slice(0, entry.indexOf("=")), entry);
  set(defaultPath);
  set(`HOSTNAME=${hostname}`);
  if (config.tty) set("TERM=xterm");
  // Builders have let a bare name through, which an OCI runtime refuses to start with.
  for (const entry of image.env) if (entry.indexOf("=") > 0) set(entry);
  config.envs.forEach(({ key, value }, index) => {
    if (!/^[^=\0]+$/.test(key)) {
      // Not quoted: what follows an "=" is a value, and may be a secret.
      throw invalid(
        `config.envs[${index}].key`,
        `is empty, or has an "=" or a NUL byte: give the name alone`,
      );
    }
    set(`${key}=${decode(value, `config.envs[${index}].value`)}`);
  });
  return [...env.values()];
}

/** CRI has bytes here. An OCI runtime is told of them in JSON, which can only say text. */
function decode(value: Uint8Array, field: string): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw invalid(field, "is not UTF-8, which no OCI runtime can be given");
  }
  if (!text.includes("\0")) return text;
  throw invalid(field, "has a NUL byte, which no environment can hold");
}

/** Where the process starts; the OCI runtime makes the directory if the image has none such. */
export function processCwd(config: ContainerConfig, image: ImageDefaults): string {
  return posix.resolve("/", config.workingDir || image.workingDir);
}

/**
 * Limits are always written: a Node process raises its own soft limit of open files, and children that are
 * not told otherwise inherit it.
 */
export function processRlimits(maxOpenFiles: number): OciRlimit[] {
  const hard = Math.min(hardOpenFiles, maxOpenFiles);
  return [{ type: "RLIMIT_NOFILE", soft: Math.min(softOpenFiles, hard), hard }];
}
