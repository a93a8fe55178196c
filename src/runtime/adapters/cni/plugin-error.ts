import { CriError } from "../../../errors.js";
import { CommandError } from "../run-command.js";
import { messageOf } from "./past-failures.js";

/** Thrown when a CNI plugin refused, crashed, printed nonsense, cannot be found or was killed for taking too long. */
export class CniPluginError extends CriError {
  /** The plugin's type, such as `bridge`. */
  readonly plugin: string;
  readonly network: string;
  readonly command: string;
  /** The plugin's own error code: below 100 CNI's, 100 and more the plugin's; undefined when it gave none. */
  readonly pluginCode: number | undefined;

  constructor(
    message: string,
    options: Pick<CniPluginError, "plugin" | "network" | "command" | "pluginCode"> & { cause: unknown },
  ) {
    super("internal", message, { cause: options.cause });
    this.name = "CniPluginError";
    this.plugin = options.plugin;
    this.network = options.network;
    this.command = options.command;
    this.pluginCode = options.pluginCode;
  }

  /** The same error with more to say. */
  with(more: string): CniPluginError {
    return new CniPluginError(`${this.message}${more}`, { ...this, cause: this });
  }
}

export function toPluginError(
  cause: unknown,
  { plugin, network, command }: Pick<CniPluginError, "plugin" | "network" | "command">,
): Error {
  const { code, why } = reported(cause);
  return new CniPluginError(`CNI ${command} by plugin ${plugin} of network ${network} failed: ${why}`, {
    plugin,
    network,
    command,
    pluginCode: code,
    cause,
  });
}

/** Plugins report errors as JSON on their standard output, and hardly anything on the other. */
function reported(error: unknown): { code: number | undefined; why: string } {
  const message = messageOf(error);
  if (!(error instanceof CommandError)) return { code: undefined, why: message };
  // Without the name of the program that ran the plugin.
  const why = message.slice(message.indexOf(": ") + 2);
  if (error.stdout.trim() === "") return { code: undefined, why };
  try {
    const { code, msg, details }: { code?: number; msg?: string; details?: string } = JSON.parse(
      error.stdout,
    );
    return { code, why: [msg, details].filter(Boolean).join(": ") || why };
  } catch {
    return { code: undefined, why };
  }
}
