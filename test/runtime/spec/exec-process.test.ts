import { expect, test } from "vitest";

import { execProcess } from "../../../src/runtime/spec/exec-process.js";

const main = { user: { uid: 1, gid: 2 }, args: ["main"], env: ["A=b"], cwd: "/srv", terminal: true };

test("`execProcess` changes the command and the terminal, and nothing else", () => {
  expect(execProcess(main, ["id", "-u"], false)).toEqual({ ...main, args: ["id", "-u"], terminal: false });
});

test("`execProcess` names the terminal's type unless the container has one", () => {
  expect(execProcess(main, ["sh"], true).env).toEqual(["A=b", "TERM=xterm"]);
  expect(execProcess({ ...main, env: ["TERM=vt100"] }, ["sh"], true).env).toEqual(["TERM=vt100"]);
});
