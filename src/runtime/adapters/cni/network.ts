import { mendBridge } from "./bridge.js";
import { type BridgeNetwork, bridgeConflist, type Conflist } from "./conflist.js";
import { dropTornLeases, type Holder, leaseHolders, portHolders } from "./holders.js";
import { loadConflist } from "./load-conflist.js";
import { ensureMasquerade } from "./masquerade.js";

/** What pods are to be joined to. */
export interface Network {
  /** Asked for every pod anew. Rejects while there is none. */
  conflist(): Promise<Conflist>;
  /** Mends what an ADD that was broken off may have left, for the next one to do its work. */
  mend(): Promise<void>;
  /** Makes what the plugins rely on but do not make, for a pod that was `asked` for then. Repeating it adds nothing. */
  prepare(asked: number): Promise<void>;
  /** Who holds something in a network that nobody else uses. */
  holders(): Promise<Holder[]>;
  /** Frees what is held in such a network for nobody. For when no plugin is at work. */
  dropTorn(): Promise<void>;
}

/** The network of a runtime that was given none. It belongs to this runtime alone. */
export function bridgeNetwork(options: BridgeNetwork): Network {
  const { name, bridge, subnet, leaseDirectory } = options;
  const conflist = bridgeConflist(options);
  let preparing: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    conflist: async () => conflist,
    mend: () => mendBridge(bridge),
    async prepare(asked) {
      // One look for all who ask while it lasts, and for those who were under way when it began.
      if (preparing === undefined && lookedAt >= asked) return;
      const began = performance.now();
      preparing ??= ensureMasquerade({ bridge, subnet })
        .then(() => {
          lookedAt = began;
        })
        .finally(() => {
          preparing = undefined;
        });
      await preparing;
    },
    async holders() {
      return [...(await leaseHolders(leaseDirectory, name)), ...(await portHolders(name))];
    },
    dropTorn: () => dropTornLeases(leaseDirectory, name),
  };
}

/**
 * The network of a directory, read whenever it is asked for: one that comes or changes later is taken up
 * without a restart. What it holds for others is not ours to judge, so only what was cached is swept.
 */
export function configuredNetwork(directory: string): Network {
  return {
    conflist: () => loadConflist(directory),
    mend: async () => {},
    prepare: async () => {},
    holders: async () => [],
    dropTorn: async () => {},
  };
}
