import { isIP } from "node:net";

import { InvalidArgumentError } from "./errors.js";

/** The ranges of addresses in a list with commas, as in `10.244.1.0/24,fd00:10:244::/64`. */
export function parseCidrs(text: string, field: string): string[] {
  return text.split(",").map((part) => {
    const range = part.trim();
    if (isCidr(range)) return range;
    throw new InvalidArgumentError(`${field}: "${range}" is no range of addresses such as 10.244.1.0/24`, {
      field,
    });
  });
}

function isCidr(range: string): boolean {
  const [address = "", prefix = "", ...rest] = range.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
}
