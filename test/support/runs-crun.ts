import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Whether crun is here and really runs a container: it does not on every layout of control groups. */
export function runsCrun(): boolean {
  if (spawnSync("crun", ["--version"]).status !== 0) return false;
  const bundle = mkdtempSync(join(tmpdir(), "crikit-crun-"));
  try {
    mkdirSync(join(bundle, "rootfs"));
    copyFileSync("/bin/busybox", join(bundle, "rootfs/true"));
    spawnSync("crun", ["spec"], { cwd: bundle });
    const config = join(bundle, "config.json");
    const spec = JSON.parse(readFileSync(config, "utf8"));
    Object.assign(spec.process, { terminal: false, args: ["/true"] });
    writeFileSync(config, JSON.stringify(spec));
    const run = ["--root", join(bundle, "state"), "run", "--bundle", bundle, basename(bundle)];
    return spawnSync("crun", run).status === 0;
  } catch {
    return false;
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}
