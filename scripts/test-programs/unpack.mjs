// Packages of Debian, unpacked into .cache/test-programs: nothing of them is installed, and no service starts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../setup/apt.mjs";
import { cacheDirectory, run } from "./cache.mjs";

const onSystemd = { unless: "/usr/bin/systemd-analyze", why: "the judge of our service's unit" };

/**
 * By package: a file in it that shows that it was unpacked, and what for. It is not needed on a machine that
 * has the file `unless` names.
 */
const testPackages = {
  containerd: { program: "usr/bin/containerd", why: "the runtime beside which ours is tested" },
  "docker-registry": { program: "usr/bin/docker-registry", why: "the registry that images are pulled from" },
  prometheus: { program: "usr/bin/promtool", why: "what scrapes our metrics, and the judge of their text" },
  systemd: { program: "usr/bin/systemd-analyze", ...onSystemd },
  "libsystemd-shared": { program: "usr/share/doc/libsystemd-shared", ...onSystemd },
  apparmor: {
    ...{ program: "sbin/apparmor_parser", unless: "/usr/sbin/apparmor_parser" },
    why: "the judge of our AppArmor profile",
  },
  "libseccomp-dev": { program: "usr/include/seccomp.h", why: "what a newer runc is built with" },
};

/** Those of these names, or all. */
export function unpackMissing(names = Object.keys(testPackages)) {
  const missing = Object.entries(testPackages).filter(
    ([name, { program, unless = "" }]) =>
      names.includes(name) && !existsSync(join(cacheDirectory, name, program)) && !existsSync(unless),
  );
  for (const [name, { why }] of missing) {
    console.log(`Unpacking ${name} into .cache/test-programs (${why})`);
    unpack(name);
  }
}

function unpack(name) {
  if (!existsSync("/usr/bin/apt-get")) {
    throw new SetupError(
      `The tests need programs from Debian packages (${name}), and there is no apt-get here`,
    );
  }
  mkdirSync(cacheDirectory, { recursive: true });
  const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
  try {
    download(name, workDirectory);
    const archive = readdirSync(workDirectory).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new SetupError(`apt-get download ${name} brought no package`);
    run("dpkg", ["-x", archive, "files"], workDirectory);
    rmSync(join(cacheDirectory, name), { recursive: true, force: true });
    renameSync(join(workDirectory, "files"), join(cacheDirectory, name));
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

// The lists that are there may be old or absent; only root may read them anew.
function download(name, directory) {
  const args = ["-q", "-o", "APT::Sandbox::User=root", "download", name];
  const first = spawnSync("apt-get", args, { cwd: directory, encoding: "utf8" });
  if (first.status === 0) return;
  if (process.getuid?.() !== 0) {
    throw new SetupError(`apt-get download ${name} failed:\n${first.stderr}\nTry: sudo apt-get update`);
  }
  run("apt-get", ["-q", "update"], directory);
  run("apt-get", args, directory);
}
