import type { Rule } from "./rule.js";
import { mapOf } from "./structures.js";
import { quantity } from "./values.js";

const amounts = mapOf(quantity);

/** Amounts of what a runtime can hold a container to. */
export const resources: Rule<Record<string, string>> = {
  ...amounts,
  says: "object with `cpu`, `memory` or `hugepages-SIZE`, each a quantity",
  read(value, place) {
    const read = amounts.read(value ?? {}, place);
    for (const name of Object.keys(read)) {
      if (/^(cpu|memory|hugepages-\d+[KMG]i)$/.test(name)) continue;
      place.field(name).unsupported(reasons[name] ?? "no device plugin gives it out");
    }
    return read;
  },
};

const reasons: Record<string, string> = {
  "ephemeral-storage": "nobody counts what the pod writes",
};
