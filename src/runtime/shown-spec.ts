import { hideValue } from "../messages/hide.js";
import type { RuntimeDeps } from "./deps.js";
import { requireHandler } from "./lifecycle/oci-container.js";
import type { OciSpec } from "./oci.js";

/**
 * The OCI spec in a bundle, for verbose information: values of the environment are left out, as they are often
 * secrets, and answers are shown. Undefined when there is no bundle, as after a reboot.
 */
export async function shownSpec(
  deps: RuntimeDeps,
  handler: string,
  bundle: string,
): Promise<OciSpec | undefined> {
  const { runc } = requireHandler(deps, handler);
  const spec = await runc.readBundle(bundle).catch(() => undefined);
  if (!spec) return undefined;
  const { process } = spec;
  return { ...spec, process: { ...process, env: process.env.map(hideValue) } };
}
