import { InvalidArgumentError } from "../../../errors.js";

/** Reads a value of a document whose scalars are all texts, as YAML's failsafe schema gives them. */
export type Reader<T> = (value: unknown, at: string, uses: Uses) => T;

/** Is told of each field that a document uses and that older versions do not have. */
export type Uses = (at: string, since: string) => void;

/** The part of a document that is wrong, and why. */
export function wrong(at: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`${at || "the file"} ${why}`);
}

export const text: Reader<string> = (value, at) => {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(at, value === "" ? "is empty" : "must be text");
};

export const textOrEmpty: Reader<string> = (value, at, uses) => (value === "" ? "" : text(value, at, uses));

/** A text that a test accepts; `what` says what it must be. */
export function textThat(accepts: (text: string) => boolean, what: string): Reader<string> {
  return (value, at, uses) => {
    const given = text(value, at, uses);
    if (accepts(given)) return given;
    throw wrong(at, `is "${given}", and must be ${what}`);
  };
}

export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return textThat((given) => words.includes(given as T), `one of ${words.join(", ")}`) as Reader<T>;
}

/** A whole number from 0 up, in YAML's notations: decimal, or octal as modes are mostly written. */
export const whole: Reader<number> = (value, at) => {
  const given = typeof value === "string" ? value : "";
  const number = /^0[0-7]+$/.test(given) ? Number.parseInt(given, 8) : Number(given || "?");
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw wrong(at, `is ${JSON.stringify(value)}, and must be a whole number`);
};

export const flag: Reader<boolean> = (value, at, uses) =>
  oneOf(["true", "false"])(value, at, uses) === "true";

export function list<T>(item: Reader<T>): Reader<T[]> {
  return (value, at, uses) => {
    if (!Array.isArray(value)) throw wrong(at, "must be a list");
    return value.map((each, index) => item(each, `${at}[${index}]`, uses));
  };
}

/** Texts by names of any kind. */
export const texts: Reader<Record<string, string>> = (value, at, uses) => {
  const entries = Object.entries(entriesOf(value, at));
  return Object.fromEntries(entries.map(([name, each]) => [name, textOrEmpty(each, `${at}.${name}`, uses)]));
};

interface Field<T> {
  read: Reader<T>;
  required?: boolean;
  /** The version of the specification that it came with; the first one unless given. */
  since?: string;
}

/** A table with these fields and no others. */
export function table<T extends object>(fields: { [K in keyof Required<T>]: Field<T[K]> }): Reader<T> {
  const known = Object.entries<Field<unknown>>(fields);
  return (value, at, uses) => {
    const given = entriesOf(value, at);
    const within = (name: string) => (at ? `${at}.${name}` : name);
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) throw wrong(within(unknown), "is no field of the specification");
    const read = known.flatMap(([name, field]) => {
      if (isNothing(given[name])) {
        if (field.required) throw wrong(within(name), "is missing");
        return [];
      }
      if (field.since) uses(within(name), field.since);
      return [[name, field.read(given[name], within(name), uses)]];
    });
    return Object.fromEntries(read);
  };
}

function entriesOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(at, "must be a table of fields");
}

/** What writers of JSON put where there is nothing. */
function isNothing(value: unknown): boolean {
  const isEmptyList = Array.isArray(value) && value.length === 0;
  return value === undefined || value === null || value === "" || value === "null" || isEmptyList;
}
