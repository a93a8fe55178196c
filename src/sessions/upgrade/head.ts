import { WireError } from "../../wire/wire-error.js";

/** The head of an HTTP/1.1 answer. */
export interface AnswerHead {
  readonly statusCode: number;
  /** Names in lower case; several values of one name with commas between them. */
  readonly headers: ReadonlyMap<string, string>;
}

const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: .*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):(.*)$/;

/** The head that begins at `start`, and where it ends; undefined until it is whole. Throws `WireError`. */
export function readHead(bytes: Buffer, start: number): (AnswerHead & { end: number }) | undefined {
  const blankLine = bytes.indexOf("\r\n\r\n", start);
  if (blankLine === -1) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", start, blankLine).split("\r\n");
  const [, status] = statusLine.exec(first) ?? [];
  if (status === undefined) throw new WireError("The answer is not one of HTTP/1.1");
  return { statusCode: Number(status), headers: readHeaders(lines), end: blankLine + 4 };
}

function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new WireError("The answer has a malformed header");
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  return headers;
}
