import type { Place } from "./place.js";

/** What a value of a manifest may be. */
export interface Rule<T> {
  /** For the table of fields, such as `text` or `number from 1 to 65535`. */
  readonly says: string;
  /** Of an object: its fields. */
  readonly fields?: Readonly<Record<string, Rule<unknown>>>;
  /** Of an object: fields that Kubernetes has and that are not carried out, with the reason. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Of a list: its items. */
  readonly item?: Rule<unknown>;
  /** The value as it is meant, with defaults. What is wrong with it is noted at the place, and the answer void. */
  read(value: unknown, place: Place): T;
}

/** What is read by a rule. */
export type Output<R> = R extends Rule<infer T> ? T : never;

/** Rules for exactly the fields that the type of the manifest has. */
export type RulesOf<T> = { readonly [K in keyof T]-?: Rule<unknown> };

/** JSON's null says as little as a field that is not there. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
