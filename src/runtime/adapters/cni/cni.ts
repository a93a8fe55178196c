import { withRollback } from "../../../async/rollback.js";
import { CriError } from "../../../errors.js";
import type { Attachment } from "./attachment.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { findPlugin, type Invocation, invokePlugin, type PluginResult } from "./invoke.js";
import { isNamespace } from "./is-namespace.js";
import { type CachedAdd, ResultCache } from "./result-cache.js";

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
  add(attachment: Attachment, options?: { signal?: AbortSignal | undefined }): Promise<CniResult>;
  /**
   * DEL by every plugin in reverse, going on past failing ones; the error names them all. Repeating it does
   * no harm, and the namespace may be gone.
   */
  remove(attachment: Attachment): Promise<void>;
  /** Ready when every plugin can be found. */
  status(): Promise<NetworkStatus>;
}

export interface CniOptions {
  conflist: Conflist;
  /** Searched in order for the plugins. */
  pluginDirectories: readonly string[];
  /** Where the results of ADD are kept for DEL. */
  cacheDirectory: string;
  /** How long one plugin may take before it is killed; 30 s unless given. */
  timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 30_000;

export function createCni(options: CniOptions): Cni {
  return new PluginNetwork(options);
}

class PluginNetwork implements Cni {
  readonly #options: CniOptions;
  readonly #cache: ResultCache;

  constructor(options: CniOptions) {
    this.#options = options;
    this.#cache = new ResultCache(options.cacheDirectory);
  }

  async add(
    attachment: Attachment,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<CniResult> {
    const { id, portMappings } = attachment;
    const cached = { network: this.#options.conflist, portMappings };
    let undone = "";
    try {
      return await withRollback(
        async (rollback) => {
          // Every plugin is asked, since a failing one may have done a part of its work.
          rollback.add("leave the network", () => this.remove(attachment));
          await this.#cache.write(id, cached);
          const result = await this.#addAll(attachment, signal);
          await this.#cache.write(id, { ...cached, result });
          return { ips: (result.ips ?? []).map(withoutPrefix), raw: result };
        },
        ([failure]) => {
          undone = `; undoing it failed too: ${messageOf(failure?.error)}`;
        },
      );
    } catch (error) {
      if (undone === "" || signal?.aborted) throw error;
      throw new CriError("internal", `${messageOf(error)}${undone}`, { cause: error });
    }
  }

  async remove(attachment: Attachment): Promise<void> {
    const { id } = attachment;
    const cached = (await this.#cache.read(id)) ?? this.#fallback(attachment);
    const { network, result: previous, portMappings } = cached;
    // Plugins fail on a path that leads to no namespace; without one they free what lies outside of it.
    const netns = (await isNamespace(attachment.netns)) ? attachment.netns : "";
    const told = { ...attachment, netns, portMappings };
    const failures: unknown[] = [];
    for (const plugin of pluginsFor(network, told).reverse()) {
      const invocation = { command: "DEL", plugin, network, attachment: told, previous } as const;
      await this.#invoke(invocation).catch((error) => failures.push(error));
    }
    if (failures.length === 0) return this.#cache.remove(id);
    if (failures.length === 1) throw failures[0];
    const cause = new AggregateError(failures);
    throw new CriError("internal", failures.map(messageOf).join("; "), { cause });
  }

  async status(): Promise<NetworkStatus> {
    for (const type of this.#options.conflist.plugins.flatMap(pluginTypes)) {
      try {
        await findPlugin(type, this.#options.pluginDirectories);
      } catch (error) {
        return { ready: false, reason: "NetworkPluginNotReady", message: messageOf(error) };
      }
    }
    return { ready: true };
  }

  async #addAll(attachment: Attachment, signal: AbortSignal | undefined): Promise<PluginResult> {
    const network = this.#options.conflist;
    let previous: PluginResult | undefined;
    for (const plugin of pluginsFor(network, attachment)) {
      previous = await this.#invoke({ command: "ADD", plugin, network, attachment, previous }, signal);
    }
    return previous ?? {};
  }

  #invoke(invocation: Invocation, signal?: AbortSignal): Promise<PluginResult> {
    const { pluginDirectories, timeoutMs = defaultTimeoutMs } = this.#options;
    return invokePlugin(invocation, { pluginDirectories, timeoutMs, signal });
  }

  #fallback({ portMappings }: Attachment): CachedAdd {
    return { network: this.#options.conflist, portMappings };
  }
}

/** The plugins that have work to do: portmap costs milliseconds even with no mapping. */
function pluginsFor({ plugins }: Conflist, { portMappings }: Attachment): PluginConfig[] {
  return plugins.filter(({ type }) => type !== "portmap" || portMappings.length > 0);
}

/** A plugin's own type and that of the plugin it calls for addresses. */
function pluginTypes({ type, ipam }: PluginConfig): string[] {
  return ipam?.type ? [type, ipam.type] : [type];
}

function withoutPrefix({ address }: { address: string }): string {
  return address.replace(/\/.*$/, "");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
