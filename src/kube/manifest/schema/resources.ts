import { parseQuantity } from "../../../quantity.js";
import type { ResourceRequirements } from "../types/container.js";
import type { Rule, RulesOf } from "./rule.js";
import { checked, mapOf, object, orEmpty } from "./structures.js";
import { quantity } from "./values.js";

const amounts = mapOf(quantity);

function amountsOf(pattern: RegExp, says: string): Rule<Record<string, string>> {
  return {
    says,
    read(value, place) {
      const read = amounts.read(value, place);
      for (const name of Object.keys(read)) {
        if (!pattern.test(name))
          place.field(name).unsupported(reasons[name] ?? "no device plugin gives it out");
      }
      return read;
    },
  };
}

const reasons: Record<string, string> = {
  "ephemeral-storage": "nobody counts what the pod writes",
};

const held = amountsOf(
  /^(cpu|memory|hugepages-\d+[KMG]i)$/,
  "object with `cpu`, `memory` or `hugepages-SIZE`, each a quantity",
);

/** What the sandbox takes for itself. */
export const overhead = amountsOf(/^(cpu|memory)$/, "object with `cpu` or `memory`, each a quantity");

/** What a runtime can hold a container to. */
export const resources = orEmpty(
  checked(
    object({ requests: held, limits: held } satisfies RulesOf<ResourceRequirements>, {
      claims: "there is no allocator of devices",
    }),
    ({ requests, limits }) => {
      for (const [name, request] of Object.entries(requests)) {
        const limit = limits[name];
        const wanted = nanos(request);
        if (name.startsWith("hugepages-") && (limit === undefined || wanted !== nanos(limit))) {
          return `must have the same limit and request for ${name}`;
        }
        if (limit !== undefined && wanted > nanos(limit)) return `has a request above its limit for ${name}`;
      }
      return undefined;
    },
  ),
);

function nanos(amount: string): bigint {
  return parseQuantity(amount)?.nano ?? 0n;
}
