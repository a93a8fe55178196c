import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function copyScenarios(subject: () => Subject): void {
  test("files go into the container and come out as they were", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("copy");
    const container = await runScript(pod, "mkdir /in; sleep 1000");
    const local = await mkdtemp(join(tmpdir(), "crikit-test-"));
    try {
      await mkdir(join(local, "site/deep"), { recursive: true });
      await mkdir(join(local, "out"));
      await writeFile(join(local, "site/-odd name"), "odd\n", { mode: 0o750 });
      await writeFile(join(local, "site/deep/big"), Buffer.alloc(5_000_000, "x"));
      await symlink("deep/big", join(local, "site/link"));
      await container.copyIn(join(local, "site"), "/in");
      expect((await container.exec(["cat", "/in/site/-odd name"])).stdout).toBe("odd\n");
      await container.copyOut("/in/site", join(local, "out"));
      const out = join(local, "out/site");
      expect((await readFile(join(out, "deep/big"))).equals(Buffer.alloc(5_000_000, "x"))).toBe(true);
      expect((await stat(join(out, "-odd name"))).mode & 0o777).toBe(0o750);
      expect(await readlink(join(out, "link"))).toBe("deep/big");
    } finally {
      await rm(local, { recursive: true, force: true });
    }
  });

  test("what cannot be copied is named with the reason", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("copy-missing");
    const container = await runScript(pod, "sleep 1000");
    await expect(container.copyOut("/no/such/file", tmpdir())).rejects.toThrow(
      /no\/such.*(No such file|can.t)/s,
    );
    await expect(container.copyIn("/no/such/file", "/tmp")).rejects.toThrow(/No such file/);
    await expect(container.copyIn("/etc/hostname", "/not/there")).rejects.toThrow(/not\/there/);
    await expect(container.copyIn("/etc/hostname", "tmp")).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
}
