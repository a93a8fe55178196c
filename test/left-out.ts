import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where `scripts/test-programs.mjs` builds it. */
export const crictlPath = fileURLToPath(
  new URL("../.cache/test-programs/crictl/v1.37.0/crictl", import.meta.url),
);

/** Every test that is left out somewhere, with the reason. Nothing else is skipped, and no failure expected. */
export const leftOut = {
  crictl: !existsSync(crictlPath) && "there is no Go on this machine to build crictl with",
} as const;
