/**
 * What a runtime tells beside the contract, by its own keys. The contract has text here and runtimes mostly write
 * JSON: that is parsed, any other text stays as it is. The exact text is in `raw.info`.
 *
 * It may hold what was configured with, environment and annotations included: think before logging it.
 */
export type VerboseInfo = Readonly<Record<string, unknown>>;

export function parseVerboseInfo(info: Readonly<Record<string, string>>): VerboseInfo {
  return Object.fromEntries(Object.entries(info).map(([key, text]) => [key, parse(text)]));
}

/** A bare word or number is text: as a number, the version 1.10 would become 1.1. */
function parse(text: string): unknown {
  if (!/^\s*["[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
