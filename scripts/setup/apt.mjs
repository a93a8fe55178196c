// Installs Debian packages, and says what to do by hand where it cannot.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** An obstacle that the reader has to remove; its message is all that is shown. */
export class SetupError extends Error {}

/** Says what is missing and why, then installs it. Throws a `SetupError` that names the command otherwise. */
export function installNeeds(needs) {
  const packages = [...new Set(needs.map((need) => need.package))];
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  console.log("crikit needs programs that this machine does not have:");
  for (const name of packages) {
    const first = needs.find((need) => need.package === name);
    console.log(`  ${name.padEnd(32)} ${first.name} ${first.why}`);
  }
  if (!existsSync("/usr/bin/apt-get")) {
    throw new SetupError(
      `These are the names of the packages on Debian and Ubuntu, and there is no apt-get here. Install them with this system's package manager, then run this again`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `Installing needs root. Run\n\n  sudo apt-get update && sudo ${install.join(" ")}\n\nand then this again`,
    );
  }
  console.log(`Installing them: ${install.join(" ")}`);
  // Old package lists name versions that the mirror no longer has, so they are read anew.
  runApt(["apt-get", "update"]);
  runApt(install);
}

function runApt([program, ...args]) {
  const quiet = ["-q", "-o", "Dpkg::Use-Pty=0"];
  const result = spawnSync(program, [...quiet, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
  throw new SetupError(`${[program, ...args].join(" ")} failed:\n${lastLines(output, 20)}`);
}

function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
