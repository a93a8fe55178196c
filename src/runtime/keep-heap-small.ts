import { setFlagsFromString } from "node:v8";

/**
 * Has V8 collect garbage before it asks for memory: by default the space for new objects grows to 48 MB, and the old
 * ones to four times what is alive. docs/decisions/0042-small-daemon.md has what it costs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=50");
}
