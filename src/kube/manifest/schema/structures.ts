import { isAbsent, type Output, type Rule } from "./rule.js";

type Fields = Readonly<Record<string, Rule<unknown>>>;

/** Fields that Kubernetes has and this does not carry out, each with the reason, where it is not plain. */
export type Refused = Readonly<Record<string, string>>;

/** An object with these fields; any other one that says something is not carried out. */
export function object<F extends Fields>(
  fields: F,
  refused: Refused = {},
): Rule<{ [K in keyof F]: Output<F[K]> }> {
  return {
    says: "object",
    fields,
    refused,
    read(value, place) {
      const read: Record<string, unknown> = {};
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        place.invalid(isAbsent(value) ? "is missing" : "must be an object");
      } else {
        const given: Record<string, unknown> = { ...value };
        for (const [name, rule] of Object.entries(fields))
          read[name] = rule.read(given[name], place.field(name));
        for (const [name, other] of Object.entries(given)) {
          if (!Object.hasOwn(fields, name) && saysSomething(other)) {
            place.field(name).unsupported(refused[name] ?? "is not carried out");
          }
        }
      }
      return read as { [K in keyof F]: Output<F[K]> };
    },
  };
}

export function list<T>(item: Rule<T>): Rule<T[]> {
  return {
    says: `list of ${item.fields ? "objects" : item.says}`,
    item,
    read(value, place) {
      if (isAbsent(value)) return [];
      if (Array.isArray(value)) return value.map((one, index) => item.read(one, place.item(index)));
      place.invalid("must be a list");
      return [];
    },
  };
}

/** An object whose field names are free. */
export function mapOf<T>(item: Rule<T>): Rule<Record<string, T>> {
  return {
    says: `object of ${item.says}`,
    read(value, place) {
      if (isAbsent(value)) return {};
      if (typeof value === "object" && !Array.isArray(value)) {
        const entries = Object.entries(value).map(([key, one]) => [key, item.read(one, place.field(key))]);
        return Object.fromEntries(entries);
      }
      place.invalid("must be an object");
      return {};
    },
  };
}

export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return {
    ...rule,
    read: (value, place) => (isAbsent(value) ? undefined : rule.read(value, place)),
  };
}

/** An object whose fields can all be left out, and so the object itself. */
export function orEmpty<T>(rule: Rule<T>): Rule<T> {
  return { ...rule, read: (value, place) => rule.read(value ?? {}, place) };
}

/** With a value for where there is none. */
export function withDefault<T>(rule: Rule<T>, fallback: T): Rule<T> {
  return {
    ...rule,
    says: `${rule.says}; ${JSON.stringify(fallback)} unless told`,
    read: (value, place) => (isAbsent(value) ? fallback : rule.read(value, place)),
  };
}

/** `check` tells what is wrong with a value that the rule takes. */
export function checked<T>(
  rule: Rule<T>,
  check: (value: T) => string | undefined,
  says = rule.says,
): Rule<T> {
  return {
    ...rule,
    says,
    read(value, place) {
      const before = place.problems.length;
      const read = rule.read(value, place);
      const wrong = place.problems.length === before ? check(read) : undefined;
      if (wrong !== undefined) place.invalid(wrong);
      return read;
    },
  };
}

/** Exactly one of the fields is to be set, of those that are named. */
export function exactlyOne<T extends object>(rule: Rule<T>, names: readonly (keyof T & string)[]): Rule<T> {
  return checked(rule, (value) => {
    const set = names.filter((name) => value[name] !== undefined);
    if (set.length === 1) return undefined;
    const found = set.length === 0 ? "none is set" : `there are ${set.join(" and ")}`;
    return `must have exactly one of ${names.join(", ")}: ${found}`;
  });
}

/** Manifests that other programs write are full of fields which say nothing. */
function saysSomething(value: unknown): boolean {
  if (isAbsent(value)) return false;
  return typeof value !== "object" || value instanceof Date || Object.keys(value).length > 0;
}
