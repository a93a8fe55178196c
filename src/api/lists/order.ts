import { wrong } from "./conditions.js";

/** By name: those of one name the newest first. */
export type ListOrder = "newest" | "oldest" | "name";

/** What of a list is given, and in which order. */
export interface ListSlice {
  /** Only so many, the newest of those that the filter lets through. */
  last?: number | undefined;
  /** Only the newest: `last: 1`. */
  latest?: boolean | undefined;
  /** `newest`, first, unless told. */
  sort?: ListOrder | undefined;
}

interface Listable {
  readonly id: string;
  readonly metadata: { readonly name: string };
  readonly raw: { readonly createdAt: bigint };
}

const orders: Record<ListOrder, (a: Listable, b: Listable) => number> = {
  newest: (a, b) => compare(b.raw.createdAt, a.raw.createdAt) || compare(a.id, b.id),
  oldest: (a, b) => orders.newest(b, a),
  name: (a, b) => compare(a.metadata.name, b.metadata.name) || orders.newest(a, b),
};

/** @throws InvalidArgumentError that names the field. */
export function readSlice({
  last,
  latest,
  sort = "newest",
}: ListSlice): <T extends Listable>(items: T[]) => T[] {
  if (last !== undefined && !(Number.isSafeInteger(last) && last > 0)) {
    throw wrong("last", `is ${last}: give a whole number above 0`);
  }
  if (last !== undefined && latest) throw wrong("latest", "says 1 and last says how many: give one of them");
  if (!Object.hasOwn(orders, sort)) throw wrong("sort", `must be one of ${Object.keys(orders).join(", ")}`);
  const count = latest ? 1 : (last ?? Number.POSITIVE_INFINITY);
  return (items) => {
    items.sort(orders.newest);
    if (items.length > count) items.length = count;
    return sort === "newest" ? items : items.sort(orders[sort]);
  };
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
