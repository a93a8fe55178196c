import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import { helperEnvironment } from "../helper-environment.js";

/** The kernel's number of SOCK_SEQPACKET, which Node has no sockets of. */
const seqpacket = 5;

/**
 * A way to a container's input, through the attach socket of its monitor: what is written to the program's
 * input goes there. The monitor sends all output to the socket as well and waits for whoever does not read it,
 * so it is read and dropped here: the log has it. Ends when the container does.
 */
export async function attachInput(bundle: string): Promise<ChildProcess> {
  // From within the bundle: the whole path may be longer than an address can be.
  const child = spawn("socat", ["-", `UNIX-CONNECT:attach,type=${seqpacket}`], {
    cwd: bundle,
    env: helperEnvironment(),
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.on("error", () => {});
  await once(child, "spawn");
  return child;
}
