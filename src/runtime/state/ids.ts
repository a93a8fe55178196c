import { randomBytes } from "node:crypto";

import { InvalidArgumentError, NotFoundError } from "../../errors.js";
import type { Identified } from "./store.js";

/** A new ID: 64 hex digits. */
export function newId(): string {
  return randomBytes(32).toString("hex");
}

export interface Lookup<T> {
  list(): T[];
  get(id: string): T | undefined;
}

/** Finds by ID or ID prefix; undefined when nothing has it. Throws when a prefix fits more than one. */
export function findById<T extends Identified>(records: Lookup<T>, id: string, kind: string): T | undefined {
  const exact = records.get(id);
  if (exact || id === "") return exact;
  const found = records.list().filter((record) => record.id.startsWith(id));
  if (found.length > 1) {
    throw new InvalidArgumentError(
      `ID prefix ${id} fits ${found.length} ${kind}s: give more of its digits (${found.map((record) => record.id).join(", ")})`,
    );
  }
  return found[0];
}

/** As `findById`, but throws `NotFoundError` when nothing has it. */
export function requireById<T extends Identified>(records: Lookup<T>, id: string, kind: string): T {
  const found = findById(records, id, kind);
  if (!found)
    throw new NotFoundError(`${kind} ${id} not found`.replace(/^./, (first) => first.toUpperCase()));
  return found;
}
