import { delimiter, dirname } from "node:path";

import { ownerVariable } from "./orphans.js";

/**
 * What the programs that make and watch containers get of our environment. Some of them act on variables that
 * are meant for the daemon: runc hands the socket of NOTIFY_SOCKET to the container.
 */
const kept = ["PATH", "HOME", "TMPDIR", "TZ", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", ownerVariable];

export function helperEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The same for an OCI runtime that is to find this very program by its name: newer versions of runc take no path of criu. */
export function environmentToFind(program: string): NodeJS.ProcessEnv {
  const environment = helperEnvironment();
  return { ...environment, PATH: [dirname(program), environment.PATH ?? ""].join(delimiter) };
}
