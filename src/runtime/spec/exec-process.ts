import type { OciProcess } from "../oci.js";

/** A further process in a container: as its main one, with another command line and perhaps a terminal. */
export function execProcess(container: OciProcess, args: readonly string[], terminal: boolean): OciProcess {
  const env = terminal && !container.env.some((entry) => entry.startsWith("TERM="));
  return {
    ...container,
    args: [...args],
    terminal,
    env: env ? [...container.env, "TERM=xterm"] : container.env,
  };
}
