import { randomBytes, randomInt } from "node:crypto";
import { access, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Attachment } from "../../../../src/runtime/adapters/cni/attachment.js";
import { removeBridge } from "../../../../src/runtime/adapters/cni/bridge.js";
import type { Cni } from "../../../../src/runtime/adapters/cni/cni.js";
import {
  type BridgeNetwork,
  bridgeConflist,
  type Conflist,
  type PluginConfig,
} from "../../../../src/runtime/adapters/cni/conflist.js";
import { removeMasquerade } from "../../../../src/runtime/adapters/cni/masquerade.js";
import { bridgeNetwork } from "../../../../src/runtime/adapters/cni/network.js";
import { createCni } from "../../../../src/runtime/adapters/cni/plugin-network.js";
import { createNetns } from "../../../../src/runtime/adapters/netns/netns.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { findLeftovers } from "./leftovers.js";

interface Variant {
  conflist?: Conflist;
  more?: PluginConfig[];
  timeoutMs?: number;
}

/** A network of the real plugins with a bridge, a subnet and leases of its own. */
export class PrivateNetwork implements AsyncDisposable {
  readonly bridge = `crk${randomBytes(4).toString("hex")}`;
  readonly #net = `10.${randomInt(96, 224)}.${randomInt(256)}`;
  readonly conflist: Conflist;
  readonly #options: BridgeNetwork;
  readonly cache: string;
  readonly #netns = createNetns();
  readonly #attachments: Attachment[] = [];

  private constructor(readonly directory: string) {
    this.cache = join(directory, "cache");
    const { bridge, subnet } = this;
    this.#options = { name: bridge, bridge, subnet, leaseDirectory: join(directory, "leases") };
    this.conflist = bridgeConflist(this.#options);
  }

  static async make(): Promise<PrivateNetwork> {
    return new PrivateNetwork(await mkdtemp(join(tmpdir(), "crikit-cni-")));
  }

  get subnet(): string {
    return `${this.#net}.0/24`;
  }

  get gateway(): string {
    return `${this.#net}.1`;
  }

  /** The network, with more plugins behind its own. */
  cni({ conflist = this.conflist, more = [], timeoutMs }: Variant = {}): Cni {
    const changed = { ...conflist, plugins: [...conflist.plugins, ...more] };
    return createCni({
      network: { ...bridgeNetwork(this.#options), conflist: async () => changed },
      pluginDirectories: [this.directory, "/usr/lib/cni"],
      cacheDirectory: this.cache,
      owner: this.directory,
      timeoutMs,
    });
  }

  /** A plugin that is a shell script; `$CNI_COMMAND` says what is asked. */
  async writePlugin(type: string, script: string): Promise<PluginConfig> {
    await writeFile(join(this.directory, type), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { type };
  }

  /** A namespace that is not in the network yet. */
  async attachment(change: Partial<Attachment> = {}): Promise<Attachment> {
    const id = randomBytes(32).toString("hex");
    const netns = join(this.directory, `${id.slice(0, 8)}.netns`);
    await this.#netns.create(netns);
    const attachment = {
      id,
      netns,
      pod: { name: "p", namespace: "n", uid: "u" },
      portMappings: [],
      ...change,
    };
    this.#attachments.push(attachment);
    return attachment;
  }

  async addressesIn({ netns }: Attachment): Promise<string> {
    return (await runCommand("nsenter", [`--net=${netns}`, "ip", "-o", "-4", "addr", "show"])).stdout;
  }

  /** Addresses that are given out. */
  async leases(): Promise<string[]> {
    const names = await readdir(join(this.directory, "leases", this.bridge)).catch(() => []);
    return names.filter((name) => /^\d/.test(name)).sort();
  }

  async cached(): Promise<string[]> {
    return readdir(this.cache).catch(() => []);
  }

  /** Interfaces on the bridge. */
  async ports(): Promise<string[]> {
    return readdir(`/sys/class/net/${this.bridge}/brif`).catch(() => []);
  }

  /** Rules for all pods of the network. */
  async sharedRules(): Promise<string[]> {
    return (await savedRules()).filter((line) => line.includes(`"crikit ${this.bridge}"`));
  }

  /** Rules for single pods, that bear the network's name or an address of it. */
  async podRules(): Promise<string[]> {
    const rules = (await savedRules()).filter((line) => !line.includes(`"crikit ${this.bridge}"`));
    return rules.filter((line) => line.includes(this.bridge) || line.includes(`${this.#net}.`));
  }

  async bridgeExists(): Promise<boolean> {
    return access(`/sys/class/net/${this.bridge}`).then(
      () => true,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { netns } of this.#attachments) await this.#netns.remove(netns);
    await removeMasquerade(this);
    await removeBridge(this.bridge);
    const left = [
      ...(await this.sharedRules()),
      ...(await this.podRules()),
      ...(await this.leases()),
      ...(await findLeftovers(this.directory)),
    ];
    // What a failed test has left is told, and still does not outlive it.
    if (left.length > 0) await this.cni().sweep(() => false);
    await rm(this.directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`Left behind: ${left.join("\n")}`);
  }
}

async function savedRules(): Promise<string[]> {
  return (await runCommand("iptables-save", [])).stdout.split("\n");
}
