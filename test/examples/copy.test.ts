import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runExample } from "../support/example.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("copy brings a directory into a container and another one out of it", async () => {
  await using pod = await lab.runPod("demo");
  await using web = await runScript(pod, "web", "mkdir /srv; sleep infinity & wait");
  const site = join(lab.directory, "site");
  await mkdir(join(site, "sub"), { recursive: true });
  await writeFile(join(site, "sub/page"), "a page\n");

  const brought = await runExample("copy.ts", [site, "demo/web:/srv"], lab);
  expect(brought).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect((await web.exec(["cat", "/srv/site/sub/page"])).stdout).toBe("a page\n");

  await web.exec(["sh", "-c", "echo changed > /srv/site/sub/page"], { check: true });
  const backup = join(lab.directory, "backup");
  await mkdir(backup);
  const fetched = await runExample("copy.ts", [`${web.id.slice(0, 12)}:/srv/site`, backup], lab);
  expect(fetched).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(await readdir(backup)).toEqual(["site"]);
  expect(await readFile(join(backup, "site/sub/page"), "utf8")).toBe("changed\n");
});

test("copy fails with what is wrong: a container or a path that is not there, two paths of this machine", async () => {
  await using pod = await lab.runPod("demo");
  await runScript(pod, "web");
  const noContainer = await runExample("copy.ts", ["/etc/hosts", "demo/db:/"], lab);
  expect(noContainer.exitCode).toBe(1);
  expect(noContainer.stderr).toBe("No running containers are named db in a pod named demo\n");
  const noPath = await runExample("copy.ts", ["web:/no/such", lab.directory], lab);
  expect(noPath.exitCode).toBe(1);
  expect(noPath.stderr).toMatch(/no.*such/);
  const local = await runExample("copy.ts", ["/etc/hosts", "/tmp"], lab);
  expect([local.exitCode, local.stderr]).toEqual([1, expect.stringMatching(/^Usage: copy SOURCE TARGET/)]);
});
