import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../../.cache/test-programs", import.meta.url));

/** An environment in which systemd's programs are found: the machine's own, or those that `npm test` has unpacked. */
export function systemdEnvironment(): NodeJS.ProcessEnv {
  const libraries = join(cache, "libsystemd-shared/usr/lib");
  if (!existsSync(libraries)) return process.env;
  const programs = ["systemd/usr/bin", "systemd/bin"].map((path) => join(cache, path));
  const architectures = readdirSync(libraries).map((name) => join(libraries, name, "systemd"));
  return {
    ...process.env,
    PATH: [process.env.PATH, ...programs].join(":"),
    LD_LIBRARY_PATH: architectures.join(":"),
  };
}
