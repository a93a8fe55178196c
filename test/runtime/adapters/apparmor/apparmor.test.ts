import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createAppArmor } from "../../../../src/runtime/adapters/apparmor/apparmor.js";
import { defaultProfile } from "../../../../src/runtime/adapters/apparmor/default-profile.js";

/** Where `scripts/test-programs.mjs` unpacks it, unless the machine has it. */
const unpacked = fileURLToPath(new URL("../../../../.cache/test-programs/apparmor", import.meta.url));

let directory: string;
let profilesFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-apparmor-"));
  profilesFile = join(directory, "profiles");
  await writeFile(profilesFile, "/usr/bin/man (enforce)\nlxc container (complain)\nmine (unconfined)\n");
});

afterEach(() => rm(directory, { recursive: true }));

/** Does to the list of profiles what the kernel would, and keeps what it was given. */
async function standIn(exitCode = 0): Promise<string> {
  const path = join(directory, "apparmor_parser");
  const load = `echo "$@" >> ${directory}/calls; cat > ${directory}/given; echo "crikit-default (enforce)" >> ${profilesFile}`;
  await writeFile(path, `#!/bin/sh\n${load}\nexit ${exitCode}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("AppArmor of a host", () => {
  it("has the profiles that the kernel lists", async () => {
    const appArmor = createAppArmor({ profilesFile, parser: undefined });
    expect(await appArmor.loaded()).toEqual(["/usr/bin/man", "lxc container", "mine"]);
  });

  it("loads the default profile where it is not loaded, by the host's features where they are told", async () => {
    await mkdir(join(directory, "abi"));
    await writeFile(join(directory, "abi/3.0"), "");
    const appArmor = createAppArmor({ profilesFile, parser: await standIn(), directory });
    expect(await appArmor.default()).toBe("crikit-default");
    expect(await appArmor.default()).toBe("crikit-default");
    expect(await readFile(join(directory, "calls"), "utf8")).toBe("--replace --skip-cache\n");
    expect(await readFile(join(directory, "given"), "utf8")).toBe(defaultProfile({ abi: "abi/3.0" }));
  });

  it("has no default profile without the program that loads it, unless somebody else has loaded it", async () => {
    const appArmor = createAppArmor({ profilesFile, parser: undefined });
    expect(await appArmor.default()).toBeUndefined();
    await writeFile(profilesFile, "crikit-default (enforce)\n");
    expect(await appArmor.default()).toBe("crikit-default");
  });

  it("fails when the default profile cannot be loaded", async () => {
    const appArmor = createAppArmor({ profilesFile, parser: await standIn(1), directory });
    await expect(appArmor.default()).rejects.toThrow("apparmor_parser");
  });
});

it.each([undefined, "abi/3.0"])(
  "AppArmor's own compiler takes the default profile, with the features %s",
  (abi) => {
    // Nothing is loaded: it needs no AppArmor in the kernel for that.
    const base = existsSync(unpacked) ? join(unpacked, "etc/apparmor.d") : "/etc/apparmor.d";
    const args = ["--skip-kernel-load", "--skip-cache", "--stdout", "--base", base];
    const path = `${process.env.PATH}:/usr/sbin:/sbin:${unpacked}/sbin`;
    const { status, stdout, stderr } = spawnSync("apparmor_parser", args, {
      input: defaultProfile({ abi }),
      env: { ...process.env, PATH: path },
    });
    expect(status, stderr.toString()).toBe(0);
    expect(stdout.includes("crikit-default")).toBe(true);
  },
);
