/** One plugin of a network, as CNI's configuration files describe it. */
export interface PluginConfig {
  type: string;
  /** What the plugin takes from the runtime: see `runtimeConfig`. */
  capabilities?: Record<string, boolean>;
  /** Assigns the addresses. */
  ipam?: { type?: string; [key: string]: unknown };
  [key: string]: unknown;
}

/** A network: its plugins run in this order for ADD and in reverse for DEL. */
export interface Conflist {
  cniVersion: string;
  name: string;
  plugins: PluginConfig[];
}

export interface BridgeNetwork {
  name: string;
  /** Name of the bridge interface: 15 bytes at most. */
  bridge: string;
  /** The pods' addresses, such as `10.89.0.0/16`. */
  subnet: string;
  /** Where host-local keeps its leases: one file per address. */
  leaseDirectory: string;
}

/**
 * The network of a runtime that was given none: a bridge with the host as its gateway. Leaving the subnet is
 * the business of one masquerade rule for all pods (see masquerade.ts): the plugin's own rule per pod makes
 * ADD and DEL several times slower.
 */
export function bridgeConflist(network: BridgeNetwork): Conflist {
  return {
    cniVersion: "1.0.0",
    name: network.name,
    plugins: [
      {
        type: "bridge",
        bridge: network.bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: network.subnet }]],
          routes: [{ dst: "0.0.0.0/0" }],
          dataDir: network.leaseDirectory,
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}
