import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";

import type { OciProcess, OciResources, OciSpec } from "../../oci.js";
import { CommandError, runCommand } from "../run-command.js";

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

/** An OCI runtime with the command line of runc. */
export interface Runc {
  writeBundle(bundle: string, spec: OciSpec): Promise<void>;
  start(id: string): Promise<void>;
  /** Sends a signal to the container's init, or with `all` to each process of it. Ended or absent: done. */
  kill(id: string, signal: string, options?: { all?: boolean }): Promise<void>;
  /** Frees what the OCI runtime holds for the container; with `force` kills it first. Absent: done. */
  delete(id: string, options?: { force?: boolean }): Promise<void>;
  /** What the OCI runtime knows; undefined when it knows no such container. */
  state(id: string): Promise<RuncState | undefined>;
  /** Runs a process in a running container on plain pipes. */
  exec(id: string, process: OciProcess, options: RuncExecOptions): Promise<ChildProcess>;
  update(id: string, resources: OciResources): Promise<void>;
}

export interface RuncOptions {
  path: string;
  /** Where the OCI runtime keeps its state. */
  root: string;
  args?: readonly string[];
  systemdCgroup?: boolean;
}

export function createRunc(options: RuncOptions): Runc {
  const globalArgs = ["--root", options.root, ...(options.args ?? [])];
  if (options.systemdCgroup) globalArgs.push("--systemd-cgroup");
  const run = (...args: string[]) => runCommand(options.path, [...globalArgs, ...args]);

  async function state(id: string): Promise<RuncState | undefined> {
    try {
      return JSON.parse((await run("state", id)).stdout);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  return {
    state,

    async writeBundle(bundle, spec) {
      await writeFile(`${bundle}/config.json`, JSON.stringify(spec), { mode: 0o600 });
    },

    async start(id) {
      await run("start", id);
    },

    async kill(id, signal, { all = false } = {}) {
      try {
        await run("kill", ...(all ? ["--all"] : []), id, signal);
      } catch (error) {
        const now = await state(id);
        if (now && now.status !== "stopped") throw error;
      }
    },

    async delete(id, { force = false } = {}) {
      try {
        await run("delete", ...(force ? ["--force"] : []), id);
      } catch (error) {
        if (await state(id)) throw error;
      }
    },

    async exec(id, process, { processFile, pidFile }) {
      await writeFile(processFile, JSON.stringify(process), { mode: 0o600 });
      return spawn(
        options.path,
        [...globalArgs, "exec", "--process", processFile, "--pid-file", pidFile, id],
        {
          stdio: ["pipe", "pipe", "pipe"],
        },
      );
    },

    async update(id, resources) {
      await runCommand(options.path, [...globalArgs, "update", "--resources", "-", id], {
        input: JSON.stringify(resources),
      });
    },
  };
}

// runc gives exit code 1 for everything; this text is the only sign, the same in runc 1.0 to 1.3 and in crun.
function isAbsent(error: unknown): boolean {
  return error instanceof CommandError && /does not exist/.test(error.stderr);
}
