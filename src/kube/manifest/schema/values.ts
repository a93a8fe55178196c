import { isIP } from "node:net";
import { parseQuantity } from "../../../quantity.js";
import type { Place } from "./place.js";
import { isAbsent, type Rule } from "./rule.js";
import { checked } from "./structures.js";

function value<T>(says: string, is: (given: unknown) => given is T, name = show): Rule<T> {
  return {
    says,
    read(given: unknown, place: Place): T {
      if (!is(given)) place.invalid(isAbsent(given) ? "is missing" : `is ${name(given)}, must be ${says}`);
      return given as T;
    },
  };
}

// What stands in place of a text may be a secret: only its kind is told.
export const text = value(
  "text",
  (given): given is string => typeof given === "string",
  (given) => `a ${typeof given}`,
);
export const flag = value("true or false", (given): given is boolean => typeof given === "boolean");

export const filled = checked(text, (given) => (given === "" ? "is empty" : undefined));

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Rule<number> {
  const says =
    max === Number.MAX_SAFE_INTEGER ? `whole number from ${min} on` : `whole number from ${min} to ${max}`;
  return value(says, (given): given is number => {
    return typeof given === "number" && Number.isSafeInteger(given) && given >= min && given <= max;
  });
}

export const port = integer(1, 65_535);
export const userId = integer(0, 2_147_483_647);
export const fileMode = { ...integer(0, 0o777), says: "file mode up to 0777" };

export function oneOf<T extends string>(...values: readonly T[]): Rule<T> {
  const known: readonly string[] = values;
  const says = values.map((one) => (one === "" ? "empty" : `\`${one}\``)).join(", ");
  return value(says, (given): given is T => typeof given === "string" && known.includes(given));
}

/** Only this value is carried out. */
export function only<T extends boolean>(wanted: T, why: string): Rule<T> {
  return {
    says: `\`${wanted}\``,
    read(given, place) {
      if (given === !wanted) place.unsupported(`is ${given}: ${why}`);
      else if (given !== wanted) place.invalid(`is ${show(given)}, must be ${wanted}`);
      return wanted;
    },
  };
}

function matching(says: string, pattern: RegExp, maxLength: number): Rule<string> {
  return checked(
    text,
    (given) => {
      if (given.length > maxLength) return `is longer than ${maxLength} characters`;
      return pattern.test(given) ? undefined : `is ${show(given)}, must be ${says}`;
    },
    says,
  );
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
export const dnsLabel = matching(
  "a DNS label (lower case letters, digits, hyphens within)",
  new RegExp(`^${label}$`),
  63,
);
export const dnsName = matching("a DNS name in lower case", new RegExp(`^${label}(\\.${label})*$`), 253);
export const portName = matching(
  "a port name (at most 15 lower case letters, digits, hyphens, with a letter)",
  /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/,
  15,
);
export const envName = matching("a variable name (printable, without =)", /^[\x20-\x3c\x3e-\x7e]+$/, 4096);
export const labelValue = matching(
  "a label value (letters, digits, - _ . within)",
  /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  63,
);
export const identifier = matching(
  "letters, digits, - _ . (for names of files)",
  /^[A-Za-z0-9][-\w.]*$/,
  128,
);

export const address = checked(
  text,
  (given) => (isIP(given) === 0 ? `is ${show(given)}, must be an IP address` : undefined),
  "IP address",
);

export const absolutePath = checked(
  text,
  (given) => (given.startsWith("/") ? pathProblem(given) : `is ${show(given)}, must begin with a slash`),
  "absolute path",
);

export const relativePath = checked(
  text,
  (given) => (given === "" || given.startsWith("/") ? "must be a relative path" : pathProblem(given)),
  "relative path without `..`",
);

function pathProblem(path: string): string | undefined {
  if (path.includes("\0")) return "has a zero byte in it";
  return path.split("/").includes("..") ? "may not have .. in it" : undefined;
}

/** A quantity, not below 0. */
export const quantity: Rule<string> = {
  says: "quantity",
  read(given, place) {
    if (isAbsent(given)) place.invalid("is missing");
    else {
      const parsed =
        typeof given === "string" || typeof given === "number" ? parseQuantity(given) : undefined;
      if (parsed === undefined) {
        place.invalid(`is ${show(given)}, must be a quantity such as 500m, 64Mi or 2`);
      } else if (parsed.nano < 0n) place.invalid("is below 0");
    }
    return String(given);
  },
};

export const portRef: Rule<string | number> = {
  says: "port number or name",
  read(given, place) {
    if (typeof given === "string" && !/^\d+$/.test(given)) return portName.read(given, place);
    return port.read(typeof given === "string" ? Number(given) : given, place);
  },
};

export const base64: Rule<Uint8Array> = {
  says: "text in base64",
  read(given, place) {
    const plain = text.read(given, place);
    if (typeof plain !== "string") return new Uint8Array();
    const joined = plain.replace(/\s+/g, "");
    // The value may be a secret: it is not shown.
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(joined) || joined.length % 4 !== 0) place.invalid("is not base64");
    return Buffer.from(joined, "base64");
  },
};

function show(given: unknown): string {
  const shown = typeof given === "object" && given !== null ? "an object" : JSON.stringify(given);
  return shown.length > 60 ? `${shown.slice(0, 60)}...` : shown;
}
