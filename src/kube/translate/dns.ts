import type { ReadPod } from "../manifest/schema/pod.js";

interface Dns {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** What the pod's resolv.conf says: the host's, unless `dnsPolicy` is `None`, and then the pod's own `dnsConfig`. */
export function dnsConfig({ dnsPolicy, dnsConfig: own }: ReadPod["spec"], resolvConf: string) {
  const base =
    dnsPolicy === "None" ? { servers: [], searches: [], options: [] } : parseResolvConf(resolvConf);
  const options = (own?.options ?? []).map(({ name, value }) => (value ? `${name}:${value}` : name));
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]),
    searches: unique([...base.searches, ...(own?.searches ?? [])]),
    options: mergeOptions(base.options, options),
  };
}

function parseResolvConf(text: string): Dns {
  const lines = text.split("\n").map((line) =>
    line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/),
  );
  const all = (word: string) => lines.filter(([first]) => first === word).map(([, ...rest]) => rest);
  return {
    servers: all("nameserver").flatMap(([server]) => server ?? []),
    searches: all("search").at(-1) ?? [],
    options: all("options").at(-1) ?? [],
  };
}

/** An option of the pod's takes the place of the host's with the same name. */
function mergeOptions(host: readonly string[], own: readonly string[]): string[] {
  const byName = new Map([...host, ...own].map((option) => [option.split(":")[0], option]));
  return [...byName.values()];
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
