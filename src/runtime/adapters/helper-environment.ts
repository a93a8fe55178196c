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
