/** The part of a plugin's result that is looked at; the rest is passed on as it came. */
export interface PluginResult {
  /** `interface` is an index into `interfaces`; without it the address is that of the pod's interface. */
  ips?: { address: string; interface?: number }[];
  interfaces?: { name: string }[];
  /** In place of `ips` before CNI 0.3.0. */
  ip4?: { ip: string };
  ip6?: { ip: string };
}

/** The name of the pod's interface in its namespace. */
export const interfaceName = "eth0";

/** Throws what is wrong with what a plugin printed. */
export function parseResult(text: string): PluginResult {
  if (text.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error(`its result is not JSON: ${excerpt(text)}`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new Error(`its result is not a JSON object: ${excerpt(text)}`);
  }
  return parsed;
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}

/** The addresses of the pod's interface without their prefix lengths, an IPv4 one first if there is any. */
export function podAddresses({ ips = [], interfaces = [], ip4, ip6 }: PluginResult): string[] {
  const own = ips.filter(({ interface: index }) => {
    return index === undefined || interfaces[index]?.name === interfaceName;
  });
  const old = [ip4?.ip, ip6?.ip].filter((ip) => ip !== undefined);
  const all = [...own.map(({ address }) => address), ...old].map((address) => address.replace(/\/.*$/, ""));
  const primary = all.find((address) => !address.includes(":"));
  return primary === undefined ? all : [primary, ...all.filter((address) => address !== primary)];
}
