import { isDeepStrictEqual } from "node:util";

import { InvalidArgumentError } from "../errors.js";
import { allSettings, settings } from "./config/settings.js";
import type { RuntimeConfig } from "./config.js";
import type { LifecycleDeps } from "./deps.js";

export interface ReloadPlan {
  /** The one in force, with what can be reloaded taken from the next one. */
  config: RuntimeConfig;
  /** Keys with a new value, and those whose new value waits for a restart. */
  changed: string[];
  needRestart: string[];
}

/** What a new configuration changes now, and what it does not. */
export function planReload(current: RuntimeConfig, next: RuntimeConfig): ReloadPlan {
  const differing = allSettings.filter(([key]) => !isDeepStrictEqual(current[key], next[key]));
  const now = differing.filter(([, { reload }]) => reload);
  return {
    config: { ...current, ...Object.fromEntries(now.map(([key]) => [key, next[key]])) },
    changed: now.map(([, { key }]) => key),
    needRestart: differing.filter(([, { reload }]) => !reload).map(([, { key }]) => key),
  };
}

/** Throws when a handler is to go that pods still need: nobody else can end them. */
export function checkHandlersInUse(
  { sandboxes }: Pick<LifecycleDeps, "sandboxes">,
  { handlers }: RuntimeConfig,
): void {
  const orphan = sandboxes.list().find(({ handler }) => !Object.hasOwn(handlers, handler));
  if (!orphan) return;
  const { handler, id } = orphan;
  throw new InvalidArgumentError(
    `${settings.handlers.key}: "${handler}" is missing, which pod ${id} needs: keep it until its pods are removed`,
    { field: "handlers" },
  );
}
