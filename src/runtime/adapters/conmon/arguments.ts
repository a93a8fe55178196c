import { join } from "node:path";

import { InvalidArgumentError } from "../../../errors.js";
import type { ConmonCreate } from "./monitored.js";

export interface MonitorFiles {
  /** Gets the pid of the container's init. */
  initPid: string;
  monitorPid: string;
  /** Control fifos and sockets of the monitor. */
  control: string[];
}

export function monitorFiles(bundle: string): MonitorFiles {
  return {
    initPid: join(bundle, "pidfile"),
    monitorPid: join(bundle, "conmon.pid"),
    control: ["ctl", "winsz", "attach"].map((name) => join(bundle, name)),
  };
}

export function conmonArguments(request: ConmonCreate): string[] {
  const { id, bundle, runtime } = request;
  const files = monitorFiles(bundle);
  return [
    ...["--cid", id, "--cuuid", id, "--name", request.name],
    ...["--bundle", bundle, "--container-pidfile", files.initPid, "--conmon-pidfile", files.monitorPid],
    ...["--runtime", runtime.path, "--runtime-arg", `--root=${runtime.root}`],
    ...runtime.args.flatMap((arg) => ["--runtime-arg", arg]),
    ...(runtime.systemdCgroup ? ["--systemd-cgroup"] : []),
    ...["--log-path", logDriver(request.logPath)],
    ...(request.maxLogBytes === undefined ? [] : ["--log-size-max", `${request.maxLogBytes}`]),
    // Flushing the log to disk would delay the news of every exit.
    ...["--log-level", "error", "--no-sync-log"],
    ...["--exit-dir", request.exitDirectory, "--persist-dir", request.persistDirectory],
    ...["--socket-dir-path", request.attachDirectory],
    ...(request.restore ? ["--restore", request.restore.images, "--runtime-opt", "--file-locks"] : []),
    ...(request.terminal ? ["--terminal"] : []),
    ...(request.stdin ? ["--stdin"] : []),
    ...(request.stdin && !request.stdinOnce ? ["--leave-stdin-open"] : []),
  ];
}

function logDriver(path: string | undefined): string {
  if (path === undefined) return "none";
  // conmon takes a colon for the end of the path and would write to another file.
  if (path.includes(":")) {
    throw new InvalidArgumentError(`Log path ${path} has a colon, which conmon cannot take`);
  }
  return `k8s-file:${path}`;
}
