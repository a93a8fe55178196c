import type { Attachment } from "./attachment.js";
import type { Network } from "./network.js";

export type { Attachment, PortMapping } from "./attachment.js";

export interface CniResult {
  /** Addresses without their prefix lengths, the primary one first. */
  ips: string[];
  /** The last plugin's result as it came. */
  raw: unknown;
}

export interface NetworkStatus {
  ready: boolean;
  reason?: string;
  message?: string;
}

/** A network of CNI plugins. What a plugin refuses is thrown as `CniPluginError`. */
export interface Cni {
  /** ADD by every plugin in order. When one fails or the signal aborts, it is undone before this throws. */
  add(attachment: Attachment, options?: AddOptions): Promise<CniResult>;
  /**
   * DEL by every plugin in reverse, going on past failing ones; the error names them all. Repeating it does
   * no harm, and the namespace may be gone.
   */
  remove(attachment: Attachment): Promise<void>;
  /** Ready when there is a network and each of its plugins can be found. */
  status(): Promise<NetworkStatus>;
  /**
   * Frees what is held for attachments that are not known any more, going on past failing ones; the error
   * names them all. Nothing may be added meanwhile.
   */
  sweep(isKnown: (id: string) => boolean): Promise<void>;
}

export interface AddOptions {
  signal?: AbortSignal | undefined;
  /** When the pod was asked for, by `performance.now()`: what others have seen to since need not be done again. */
  asked?: number;
}

export interface CniOptions {
  network: Network;
  /** Searched in order for the plugins. */
  pluginDirectories: readonly string[];
  /** Where the results of ADD are kept for DEL. */
  cacheDirectory: string;
  /** The state directory that plugins work for. */
  owner: string;
  /** How long one plugin may take before it is killed; 30 s unless given. */
  timeoutMs?: number | undefined;
}
