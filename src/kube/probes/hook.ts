import { sleep } from "../../async/abort.js";
import type { ReadHook } from "../manifest/schema/probe.js";
import { type ActionOptions, type ActionTarget, execAction, httpAction } from "./actions.js";

/** Runs a hook of a container's life; throws when it fails. */
export async function runHook(target: ActionTarget, hook: ReadHook, options: ActionOptions): Promise<void> {
  if (hook.exec) return execAction(target, hook.exec.command, options);
  if (hook.httpGet) return httpAction(target, hook.httpGet, options);
  if (hook.sleep) return sleep(hook.sleep.seconds * 1000, options.signal);
}
