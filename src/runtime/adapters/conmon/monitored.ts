import type { ProcessIdentity } from "../process.js";

/** The OCI runtime that the monitor calls. */
export interface MonitoredRuntime {
  /** What the configuration calls it. */
  handler: string;
  path: string;
  root: string;
  args: readonly string[];
  systemdCgroup: boolean;
}

export interface ConmonCreate {
  id: string;
  name: string;
  /** Directory with `config.json`; pid files and control fifos are made in it. */
  bundle: string;
  runtime: MonitoredRuntime;
  /** File for the output in CRI log format, in a directory that exists; undefined: the output is dropped. */
  logPath: string | undefined;
  /** The log starts anew when it would grow beyond this. No limit unless given. */
  maxLogBytes?: number | undefined;
  /** Gets a file named for the container, holding its exit code, when it ends. */
  exitDirectory: string;
  /** Gets the file `oom` when the kernel killed a process of the container for want of memory. */
  persistDirectory: string;
  /** Gets a link named for the container to the directory with the attach socket. Keep it short: socket paths end at 107 bytes. */
  attachDirectory: string;
  terminal: boolean;
  stdin: boolean;
  /** Close the container's stdin when the first attached client goes. */
  stdinOnce: boolean;
  /** Has the processes run on that were written down here, in place of `runc create`. */
  restore?: RestoreFrom | undefined;
  /** Undoes the creation; the signal's own reason is thrown. */
  signal?: AbortSignal | undefined;
}

export interface RestoreFrom {
  /** The program. */
  criu: string;
  /** The directory with its images; only read. */
  images: string;
}

export interface MonitoredContainer {
  init: ProcessIdentity;
  monitor: ProcessIdentity;
}

export interface ReopenLogOptions {
  /** The log path of the container: when given, this waits until the monitor writes to a new file there. */
  logPath?: string | undefined;
  signal?: AbortSignal | undefined;
}
