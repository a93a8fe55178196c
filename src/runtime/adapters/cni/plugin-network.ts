import { allDone } from "../../../async/all-done.js";
import { withRollback } from "../../../async/rollback.js";
import { CriError } from "../../../errors.js";
import type { Attachment } from "./attachment.js";
import type { Cni, CniOptions, CniResult, NetworkStatus } from "./cni.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { findPlugin, type Invocation, invokePlugin, type PluginResult } from "./invoke.js";
import { isNamespace } from "./is-namespace.js";
import { messageOf, pastFailures } from "./past-failures.js";
import { type CachedAdd, ResultCache } from "./result-cache.js";
import { findStrays } from "./strays.js";

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
    const conflist = await this.#options.network.conflist();
    let undone = "";
    try {
      return await withRollback(
        async (rollback) => {
          // Every plugin is asked, since a failing one may have done a part of its work.
          rollback.add("leave the network", () => this.remove(attachment));
          const cached = { conflist, attachment };
          await this.#cache.write(cached);
          const [result] = await allDone([
            this.#addAll(cached, signal),
            this.#options.network.prepare().then(() => undefined),
          ]);
          await this.#cache.write({ ...cached, result });
          return { ips: (result?.ips ?? []).map(withoutPrefix), raw: result };
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
    const cached = (await this.#cache.read(id)) ?? (await this.#fallback(attachment));
    // There is no network, and there was none to add to.
    if (!cached) return;
    const { conflist, result: previous } = cached;
    // Plugins fail on a path that leads to no namespace; without one they free what lies outside of it.
    const netns = (await isNamespace(attachment.netns)) ? attachment.netns : "";
    const told = { ...cached.attachment, netns };
    await pastFailures(pluginsFor(conflist, told).reverse(), (plugin) =>
      this.#invoke({ command: "DEL", plugin, network: conflist, attachment: told, previous }),
    );
    await this.#cache.remove(id);
  }

  async status(): Promise<NetworkStatus> {
    const { network, pluginDirectories } = this.#options;
    try {
      const { plugins } = await network.conflist();
      for (const type of plugins.flatMap(pluginTypes)) await findPlugin(type, pluginDirectories);
      return { ready: true };
    } catch (error) {
      return { ready: false, reason: "NetworkPluginNotReady", message: messageOf(error) };
    }
  }

  async sweep(isKnown: (id: string) => boolean): Promise<void> {
    const cached = await this.#cache.list();
    const holders = await this.#options.network.holders();
    await pastFailures(findStrays({ cached, holders, isKnown }), (stray) => this.remove(stray));
  }

  async #addAll(
    { conflist, attachment }: CachedAdd,
    signal: AbortSignal | undefined,
  ): Promise<PluginResult | undefined> {
    let previous: PluginResult | undefined;
    for (const plugin of pluginsFor(conflist, attachment)) {
      previous = await this.#invoke(
        { command: "ADD", plugin, network: conflist, attachment, previous },
        signal,
      );
    }
    return previous;
  }

  #invoke(invocation: Invocation, signal?: AbortSignal): Promise<PluginResult> {
    const { pluginDirectories, timeoutMs = defaultTimeoutMs } = this.#options;
    return invokePlugin(invocation, { pluginDirectories, timeoutMs, signal });
  }

  async #fallback(attachment: Attachment): Promise<CachedAdd | undefined> {
    const conflist = await this.#options.network.conflist().catch(() => undefined);
    return conflist && { conflist, attachment };
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
