import { availableParallelism, hostname, networkInterfaces, totalmem } from "node:os";

/** What a translation has to know of the node and of the pod that runs on it. */
export interface NodeFacts {
  readonly name: string;
  /** The addresses of the node, the first one of each family. */
  readonly ips: readonly string[];
  readonly cpuMillis: bigint;
  readonly memoryBytes: bigint;
  /** The text of the host's resolv.conf; empty where there is none. */
  readonly resolvConf: string;
}

export interface PodFacts {
  readonly uid: string;
  readonly node: NodeFacts;
  /** Of the pod's sandbox, the primary one first; the node's in the host's network. */
  readonly podIps: readonly string[];
}

export function readNodeFacts(resolvConf: string): NodeFacts {
  const addresses = Object.values(networkInterfaces())
    .flatMap((known) => known ?? [])
    .filter(({ internal, scopeid = 0 }) => !internal && scopeid === 0);
  const first = (family: string) => addresses.find((one) => one.family === family)?.address;
  return {
    name: hostname().toLowerCase(),
    ips: [first("IPv4"), first("IPv6")].filter((ip) => ip !== undefined),
    cpuMillis: BigInt(availableParallelism()) * 1000n,
    memoryBytes: BigInt(totalmem()),
    resolvConf,
  };
}
