import type { JsonValue } from "@bufbuild/protobuf";
import { redacted } from "./scrub.js";

/** `NAME=value` without the value; a name alone as it is. */
export function hideValue(variable: string): string {
  const [name = "", ...value] = variable.split("=");
  return value.length === 0 ? name : `${name}=${redacted}`;
}

/**
 * A command without its arguments: kubelet puts values of the environment into them, and people put passwords there.
 * `all`: there is no program at its head.
 */
export function hideArguments(words: readonly JsonValue[], all: boolean): JsonValue[] {
  const shown = all ? [] : words.slice(0, 1);
  const hidden = words.length - shown.length;
  return hidden === 0 ? shown : [...shown, `[${hidden} more]`];
}

export function mapValues<T, U>(
  entries: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value)]));
}
