import { allDone } from "../../../async/all-done.js";
import { withRollback } from "../../../async/rollback.js";
import { CriError } from "../../../errors.js";
import { isNamespace } from "../is-namespace.js";
import type { Attachment } from "./attachment.js";
import type { AddOptions, Cni, CniOptions, CniResult, NetworkStatus } from "./cni.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { findPlugin, type Invocation, invokePlugin } from "./invoke.js";
import { messageOf, pastFailures } from "./past-failures.js";
import { CniPluginError, toPluginError } from "./plugin-error.js";
import { interfaceName, type PluginResult, podAddresses } from "./result.js";
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
    { signal, asked = performance.now() }: AddOptions = {},
  ): Promise<CniResult> {
    const conflist = await this.#options.network.conflist();
    const missing = this.#findMissing(conflist.plugins);
    if (missing) throw toPluginError(missing.error, { ...missing, network: conflist.name, command: "ADD" });
    let undone = "";
    try {
      return await withRollback(
        async (rollback) => {
          // Every plugin is asked, since a failing one may have done a part of its work.
          rollback.add("leave the network", () => this.remove(attachment));
          const cached = { conflist, attachment };
          this.#cache.begin(cached);
          await this.#options.network.mend();
          const [result] = await allDone([
            this.#addAll(cached, signal),
            this.#options.network.prepare(asked).then(() => undefined),
          ]);
          this.#cache.complete(attachment.id, result);
          return toResult(conflist, result ?? {});
        },
        ([failure]) => {
          undone = `; undoing it failed too: ${messageOf(failure?.error)}`;
        },
      );
    } catch (error) {
      if (undone === "" || signal?.aborted) throw error;
      if (error instanceof CniPluginError) throw error.with(undone);
      throw new CriError("internal", `${messageOf(error)}${undone}`, { cause: error });
    }
  }

  async remove(attachment: Attachment): Promise<void> {
    const { id } = attachment;
    const cached = this.#cache.read(id) ?? (await this.#presumed(attachment));
    // There is no network, and there was none to add to.
    if (!cached) return;
    const { conflist, result: previous } = cached;
    // Plugins fail on a path that leads to no namespace; without one they free what lies outside of it.
    const netns = isNamespace(attachment.netns) ? attachment.netns : "";
    const told = { ...cached.attachment, netns };
    await pastFailures(pluginsFor(conflist, told).reverse(), (plugin) =>
      this.#invoke({ command: "DEL", plugin, network: conflist, attachment: told, previous }),
    );
    this.#cache.remove(id);
  }

  async status(): Promise<NetworkStatus> {
    try {
      const missing = this.#findMissing((await this.#options.network.conflist()).plugins);
      if (missing) throw missing.error;
      return { ready: true };
    } catch (error) {
      return { ready: false, reason: "NetworkPluginNotReady", message: messageOf(error) };
    }
  }

  async sweep(isKnown: (id: string) => boolean): Promise<void> {
    const { network } = this.#options;
    const cached = await this.#cache.list();
    const holders = await network.holders();
    await network.dropTorn();
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
    const { pluginDirectories, owner, timeoutMs = defaultTimeoutMs } = this.#options;
    return invokePlugin(invocation, { pluginDirectories, owner, timeoutMs, signal });
  }

  /** The first plugin that cannot be found. */
  #findMissing(plugins: readonly PluginConfig[]): { plugin: string; error: unknown } | undefined {
    for (const plugin of plugins.flatMap(pluginTypes)) {
      try {
        findPlugin(plugin, this.#options.pluginDirectories);
      } catch (error) {
        return { plugin, error };
      }
    }
    return undefined;
  }

  /** What an attachment of which nothing is written down may hold. Plugins that are not there did nothing. */
  async #presumed(attachment: Attachment): Promise<CachedAdd | undefined> {
    const conflist = await this.#options.network.conflist().catch(() => undefined);
    if (!conflist) return undefined;
    const plugins = conflist.plugins.filter((plugin) => !this.#findMissing([plugin]));
    return { conflist: { ...conflist, plugins }, attachment };
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

/** Without an address a pod would be there that nobody can reach. */
function toResult({ name }: Conflist, raw: PluginResult): CniResult {
  const ips = podAddresses(raw);
  if (ips.length > 0) return { ips, raw };
  throw new CriError("internal", `CNI network ${name} gave the pod no address on ${interfaceName}`);
}
