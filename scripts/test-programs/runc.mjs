// A newer runc than Debian 12 has, which can map the IDs of volumes in user namespaces.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { installNeeds } from "../setup/apt.mjs";
import { compilerNeeds, missingNeeds } from "../setup/programs.mjs";
import { cacheDirectory, run } from "./cache.mjs";

const tags = ["seccomp", "urfave_cli_no_docs", "netgo", "osusergo"];

/** All in one file, with the libseccomp that was unpacked: nothing of it need be installed. */
export function buildRunc(directory, version) {
  const missing = missingNeeds(compilerNeeds);
  if (missing.length > 0) installNeeds(missing);
  const env = { ...process.env, ...seccompFlags(), GOBIN: directory, GOFLAGS: "-mod=mod", CGO_ENABLED: "1" };
  const link = "-s -w -linkmode external -extldflags -static";
  const module = `github.com/opencontainers/runc@${version}`;
  run("go", ["install", "-tags", tags.join(","), "-ldflags", link, module], directory, env);
}

// In place of what pkg-config, which is told to say nothing, would say of an installed one.
function seccompFlags() {
  const usr = join(cacheDirectory, "libseccomp-dev/usr");
  const archive = readdirSync(join(usr, "lib"), { recursive: true }).find((name) =>
    /libseccomp\.a$/.test(name),
  );
  return {
    PKG_CONFIG: "true",
    CGO_CFLAGS: `-O2 -I${join(usr, "include")}`,
    CGO_LDFLAGS: join(usr, "lib", archive),
  };
}
