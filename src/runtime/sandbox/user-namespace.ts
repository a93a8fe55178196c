import { stat } from "node:fs/promises";
import { dirname } from "node:path";

import { CriError, InvalidArgumentError } from "../../errors.js";
import type { Handler, RuntimeDeps } from "../deps.js";

const field = "config.linux.security_context.namespace_options.userns_options";

/** Refuses, before anything is made, a user namespace that the handler or the host cannot give. */
export async function checkServesUserNamespaces({ config }: RuntimeDeps, handler: Handler): Promise<void> {
  const { userNamespaces } = await handler.features();
  if (!userNamespaces) {
    throw new InvalidArgumentError(
      `${field} asks for a user namespace, which the handler ${handler.name} (${handler.path}) cannot give here: leave it out, choose another handler, or see handlers.${handler.name}.features in the configuration`,
      { field },
    );
  }
  for (let place = config.state; place !== "/"; place = dirname(place)) {
    if ((await stat(place)).mode & 0o001) continue;
    throw new CriError(
      "failed_precondition",
      `The root of a user namespace cannot pass through ${place}, which the state directory lies in: chmod o+x ${place}`,
    );
  }
}
