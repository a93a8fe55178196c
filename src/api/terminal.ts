import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";

interface VerboseInfo {
  config?: { tty?: boolean };
  runtimeSpec?: { process?: { terminal?: boolean } };
}

/**
 * Whether a container runs on a terminal. CRI has no field for it, and a runtime that is asked for the wrong
 * one drops an output without a word: so it is read from what runtimes say besides.
 */
export async function hasTerminal(
  { runtime }: ApiContext,
  containerId: string,
  options: CallOptions,
): Promise<boolean> {
  const { info } = await runtime.containerStatus({ containerId, verbose: true }, options);
  const { config, runtimeSpec } = parse(info.info);
  return config?.tty ?? runtimeSpec?.process?.terminal ?? false;
}

function parse(text: string | undefined): VerboseInfo {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}
