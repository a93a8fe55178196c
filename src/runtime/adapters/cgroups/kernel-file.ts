import { readFileSync } from "node:fs";

/**
 * A file of the kernel's; undefined when it is not there, or cannot tell. Read at once: it never waits for a
 * disk, and a turn of the event loop for each of a dozen files would cost more than all of them.
 */
export function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The number in a file; undefined for no file and for `max`. */
export function readNumber(path: string): bigint | undefined {
  return parseNumber(readKernelFile(path)?.trim());
}

/** A file of lines `KEY NUMBER`; undefined when there is none. */
export function readNumbers(path: string): ReadonlyMap<string, bigint> | undefined {
  const text = readKernelFile(path);
  if (text === undefined) return undefined;
  const numbers = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    const [key = "", value] = line.split(" ");
    const number = parseNumber(value);
    if (number !== undefined) numbers.set(key, number);
  }
  return numbers;
}

function parseNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined;
}
