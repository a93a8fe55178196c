import { Code, ConnectError } from "@connectrpc/connect";

/** In milliseconds. */
const units: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The milliseconds that the header `grpc-timeout` says; undefined without it. Throws when it cannot be read. */
export function parseTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, count, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  if (count === undefined) {
    throw new ConnectError(`grpc-timeout cannot be read: ${header}`, Code.InvalidArgument);
  }
  return Number(count) * (units[unit] ?? 0);
}
