import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { crictlPath, leftOut } from "../left-out.js";
import { projectDirectory } from "./snippets/compile.js";

const run = promisify(execFile);

test.skipIf(leftOut.crictl)("the page has every command that crictl --help lists", async () => {
  const { stdout } = await run(crictlPath, ["--help"]);
  const [, list = ""] = /COMMANDS:\n(.*?)\n\n/s.exec(stdout) ?? [];
  const commands = list.split("\n").map((line) => /^ {3}([\w-]+)/.exec(line)?.[1] ?? line);
  expect(commands.length).toBeGreaterThan(25);
  const page = readFileSync(join(projectDirectory, "docs/from-crictl.md"), "utf8");
  const missing = commands.filter((command) => !new RegExp(`crictl ${command}(?![\\w-])`).test(page));
  expect(missing).toEqual([]);
});
