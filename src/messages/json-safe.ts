/** What values with a `raw` message, or a `bigint`, become in JSON. */
const withJson = Object.create(Object.prototype, {
  toJSON: {
    value(this: object): Record<string, unknown> {
      return jsonOf(this);
    },
  },
});

/**
 * The value, so made that `JSON.stringify` takes it: without its `raw` message, and 64-bit numbers as text, as protobuf
 * has them. On a prototype, because a property for each of ten thousand values would take longer than their decoding.
 */
export function jsonSafe<T extends object>(value: T): T {
  return Object.setPrototypeOf(value, withJson);
}

/** The same of an object whose class has a `toJSON` of its own. */
export function jsonOf(value: object): Record<string, unknown> {
  const shown = Object.entries(value).filter(([name]) => name !== "raw");
  return Object.fromEntries(shown.map(([name, value]) => [name, jsonValue(value)]));
}

function jsonValue(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
