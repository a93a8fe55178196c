import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import type { OciProcess, OciResources, OciSpec } from "../../oci.js";
import { environmentToFind, helperEnvironment } from "../helper-environment.js";
import { OciRuntimeError, ociMessage } from "../oci-error.js";
import { onTerminal } from "../on-terminal.js";
import type { ProcessIdentity } from "../process.js";
import { CommandError, type CommandOutput, type RunCommandOptions, runCommand } from "../run-command.js";
import { createFeatureReader, type OciFeatures } from "./features.js";
import { freeEnded } from "./free-ended.js";
import { letGo } from "./let-go.js";

export interface RuncState {
  status: "creating" | "created" | "running" | "paused" | "stopped";
  /** The container's init process; 0 once it has ended. */
  pid: number;
}

export interface RuncExecOptions {
  /** Where the description of the process is written. The caller removes it. */
  processFile: string;
  /** Gets the pid of the process, as the host sees it. */
  pidFile: string;
}

/** An OCI runtime with the command line of runc. What it refuses is thrown as `OciRuntimeError`. */
export interface Runc {
  /** Writes the `config.json` of a bundle, which must be a directory. */
  writeBundle(bundle: string, spec: OciSpec): Promise<void>;
  readBundle(bundle: string): Promise<OciSpec>;
  /** Has the created container's init become its command. */
  start(id: string, init: ProcessIdentity): Promise<void>;
  /** Sends a signal to the container's init, or with `all` to each process of it. Ended or absent: done. */
  kill(id: string, signal: string, options?: { all?: boolean }): Promise<void>;
  /** Frees what the OCI runtime holds for the container; with `force` kills it first. Absent: done. */
  delete(id: string, options?: { force?: boolean }): Promise<void>;
  /** The same for a container of which no process is left. */
  deleteEnded(id: string, options: DeleteEndedOptions): Promise<void>;
  /** The IDs of the containers that it knows, whoever had them made. */
  list(): Promise<string[]>;
  /** What the OCI runtime knows; undefined when it knows no such container. */
  state(id: string): Promise<RuncState | undefined>;
  /**
   * Runs a process in a running container on plain pipes, or on a terminal behind them. It ends with the process's exit code, or 128 and
   * the signal's number. One that could not be run leaves no pid file, and the reason on stderr.
   */
  exec(id: string, process: OciProcess, options: RuncExecOptions): Promise<ChildProcess>;
  /** Keeps its processes from running until `resume`. */
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /**
   * Has criu write down the processes of a container that runs or is paused, which stays as it is. Never ended
   * before its time: criu's own code is in these processes while it works.
   */
  checkpoint(id: string, options: CheckpointOptions): Promise<void>;
  /** Changes the limits of a container that is created, running or paused; what is undefined stays. */
  update(id: string, resources: OciResources): Promise<void>;
  /** What the program says that it can do. It is asked once; one that cannot be asked can do nothing. */
  features(): Promise<OciFeatures>;
}

export interface DeleteEndedOptions {
  bundle: string;
  /** Removes the container's control group; undefined where only the program can, or knows where it is. */
  removeGroup: (() => Promise<void>) | undefined;
}

export interface CheckpointOptions {
  /** The program. */
  criu: string;
  /** Directories that get what was written down, and criu's log. */
  images: string;
  work: string;
}

export interface RuncOptions {
  path: string;
  /** Where the OCI runtime keeps its state. */
  root: string;
  args?: readonly string[];
  systemdCgroup?: boolean;
}

/** No call takes longer than a moment; one that hangs must not hold up everything behind it. */
const timeoutMs = 60_000;
/** Memory is written to the disk. */
const checkpointMs = 15 * 60_000;

export function createRunc(options: RuncOptions): Runc {
  const globalArgs = ["--root", options.root, ...(options.args ?? [])];
  if (options.systemdCgroup) globalArgs.push("--systemd-cgroup");
  // What has been put in its place, under another name, may have something else to do.
  const isRunc = basename(options.path) === "runc";

  async function run(args: string[], more: RunCommandOptions = {}): Promise<CommandOutput> {
    try {
      return await runCommand(options.path, [...globalArgs, ...args], { timeoutMs, ...more });
    } catch (error) {
      if (!(error instanceof CommandError) || error.stderr === "") throw error;
      const message = `${args[0]} was refused: ${ociMessage(error.stderr)}`;
      throw new OciRuntimeError(message, { output: error.stderr, cause: error });
    }
  }

  async function list(): Promise<string[]> {
    // Before its first container the OCI runtime has no directory, and some do not bear that.
    if ((await readdir(options.root).catch(() => [])).length === 0) return [];
    return (await run(["list", "--quiet"])).stdout.split("\n").filter(Boolean);
  }

  async function state(id: string): Promise<RuncState | undefined> {
    try {
      return JSON.parse((await run(["state", id])).stdout);
    } catch (error) {
      // It gives the same exit code for "no such container" as for any other failure.
      if ((await list()).includes(id)) throw error;
      return undefined;
    }
  }

  async function remove(id: string, { force = false } = {}): Promise<void> {
    try {
      await run(["delete", ...(force ? ["--force"] : []), id]);
    } catch (error) {
      if (await state(id)) throw error;
    }
  }

  return {
    list,
    state,
    features: createFeatureReader(options.path, options.args ?? []),

    async writeBundle(bundle, spec) {
      const temporary = join(bundle, ".config.json.tmp");
      writeFileSync(temporary, JSON.stringify(spec), { mode: 0o600 });
      renameSync(temporary, join(bundle, "config.json"));
    },

    async readBundle(bundle) {
      return JSON.parse(await readFile(join(bundle, "config.json"), "utf8"));
    },

    async start(id, init) {
      const directory = join(options.root, id);
      if (!isRunc || !(await letGo({ directory, init, timeoutMs }))) await run(["start", id]);
    },

    async kill(id, signal, { all = false } = {}) {
      try {
        await run(["kill", ...(all ? ["--all"] : []), id, signal]);
      } catch (error) {
        const now = await state(id);
        if (now && now.status !== "stopped") throw error;
      }
    },

    delete: remove,

    async deleteEnded(id, { bundle, removeGroup }) {
      const directory = join(options.root, id);
      const isFree = isRunc && removeGroup && (await freeEnded({ directory, bundle, removeGroup }));
      if (!isFree) await remove(id, { force: true });
    },

    async exec(id, process, { processFile, pidFile }) {
      await writeFile(processFile, JSON.stringify(process), { mode: 0o600 });
      const plain = [
        options.path,
        ...globalArgs,
        "exec",
        "--process",
        processFile,
        "--pid-file",
        pidFile,
        id,
      ];
      const { command, env } = process.terminal ? onTerminal(plain) : { command: plain, env: {} };
      const [file = "", ...args] = command;
      const child = spawn(file, args, {
        env: { ...helperEnvironment(), ...env },
        stdio: ["pipe", "pipe", "pipe"],
      });
      // A command may end without reading its input.
      child.stdin.on("error", () => {});
      await once(child, "spawn");
      return child;
    },

    async update(id, resources) {
      await run(["update", "--resources", "-", id], { input: JSON.stringify(resources) });
    },

    async pause(id) {
      await run(["pause", id]);
    },

    async resume(id) {
      await run(["resume", id]);
    },

    async checkpoint(id, { criu, images, work }) {
      const directories = ["--image-path", images, "--work-path", work];
      await run(["checkpoint", "--leave-running", "--file-locks", ...directories, id], {
        env: environmentToFind(criu),
        timeoutMs: checkpointMs,
      });
    },
  };
}
