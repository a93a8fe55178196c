import { InvalidArgumentError } from "../../errors.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";

/** Exactly this text, or any that the expression matches somewhere. */
export type TextFilter = string | RegExp;

/** Each label with this value; `true`: with whatever value. */
export type LabelFilter = Readonly<Record<string, string | true>>;

export type Test<T> = (value: T) => boolean;

/** A test for which something must be asked first. */
export type LaterTest<T, Answer = boolean> = (
  context: ApiContext,
  call: CallOptions,
) => Promise<(value: T) => Answer>;

const always = () => true;

/** A field with a wrong name would ask for everything, without a word. */
export function checkFields(filter: object, known: readonly string[]): void {
  for (const name of Object.keys(filter)) {
    if (!known.includes(name)) throw wrong(name, `is none of a filter's fields: ${known.join(", ")}`);
  }
}

export function checkText(field: string, text: string | undefined): void {
  if (text === undefined) return;
  if (typeof text !== "string" || text === "") throw wrong(field, "must be a text that is not empty");
}

/** IDs may be cut short. */
export function idTest(field: string, id: string | undefined): Test<string> {
  checkText(field, id);
  return id === undefined ? always : (other) => other.startsWith(id);
}

/**
 * An ID that the runtime can be asked for. What runtimes make of the beginning of an ID differs: where it is
 * that of more than one object containerd and CRI-O list none.
 */
export function wholeId(id = ""): string {
  return /^[0-9a-f]{0,63}$/.test(id) ? "" : id;
}

export function textTest(field: string, wanted: TextFilter | undefined): Test<string> {
  if (wanted === undefined) return always;
  // `search`, unlike `test`, leaves no trace on an expression with the flag g.
  if (wanted instanceof RegExp) return (text) => text.search(wanted) >= 0;
  checkText(field, wanted);
  return (text) => text === wanted;
}

/** The states asked for, of which there is one at least; undefined: any. */
export function statesOf<State extends string>(
  wanted: State | readonly State[] | undefined,
  known: readonly State[],
): readonly State[] | undefined {
  if (wanted === undefined) return undefined;
  const states: readonly State[] = typeof wanted === "string" ? [wanted] : wanted;
  const isKnown = Array.isArray(states) && states.length > 0 && states.every((one) => known.includes(one));
  if (!isKnown) throw wrong("state", `must be one or more of ${known.join(", ")}`);
  return states;
}

export function labelTest(wanted: LabelFilter | undefined): Test<Readonly<Record<string, string>>> {
  const pairs = Object.entries(wanted ?? {});
  for (const [key, value] of pairs) {
    if (value !== true && typeof value !== "string") {
      throw wrong(`labels["${key}"]`, "must be a text, or true for any value");
    }
  }
  if (pairs.length === 0) return always;
  return (labels) =>
    pairs.every(([key, value]) => (value === true ? Object.hasOwn(labels, key) : labels[key] === value));
}

/** The labels that the runtime can be asked for. */
export function exactLabels(wanted: LabelFilter | undefined): Record<string, string> {
  const exact: Record<string, string> = {};
  for (const [key, value] of Object.entries(wanted ?? {})) if (value !== true) exact[key] = value;
  return exact;
}

export function wrong(field: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`${field} ${why}`, { field });
}
