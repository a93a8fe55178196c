import { runCommand } from "./run-command.js";

/** Tells the service manager something, such as `READY=1`. Does nothing where none has asked. */
export type Notify = (...assignments: string[]) => Promise<void>;

/**
 * What systemd's sd_notify does, by its own program: Node has no datagram sockets of the unix kind. The variable
 * is taken out of `environment`, as the programs that we start must not speak for us.
 */
export function takeNotify(environment: NodeJS.ProcessEnv): Notify {
  const { NOTIFY_SOCKET: socket } = environment;
  delete environment.NOTIFY_SOCKET;
  return async (...assignments) => {
    if (!socket) return;
    await runCommand("systemd-notify", assignments, {
      env: { ...environment, NOTIFY_SOCKET: socket },
      timeoutMs: 5000,
    });
  };
}
