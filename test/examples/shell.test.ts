import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleCommand, RunningExample, runExample } from "../support/example.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  await runScript(await lab.runPod("demo"), "web");
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("shell on a terminal: keys, the window's size and its changes, Ctrl-C for what runs in it, its exit code", async () => {
  const command = `tty; stty rows 30 cols 101; ${exampleCommand("shell.ts").join(" ")} web; code=$?; stty -a; exit $code`;
  await using shell = new RunningExample("shell.ts", [], {
    ...lab,
    command: ["script", "-qfec", command, "/dev/null"],
  });
  const type = (keys: string) => shell.child.stdin.write(keys);
  await shell.shows("# ");

  type("stty size\n");
  await shell.shows(/\n30 101\r/);
  const [terminal = ""] = /\/dev\/pts\/\d+/.exec(shell.stdout) ?? [];
  execFileSync("stty", ["-F", terminal, "rows", "41", "cols", "122"]);
  type("while [ \"$(stty size)\" != '41 122' ]; do sleep 0.1; done; echo 'resized'\n");
  await shell.shows(/\nresized\r/);

  type("echo about to sl''eep; sleep 1000\n");
  await shell.shows("about to sleep");
  type("\x03");
  type("echo code $?\n");
  await shell.shows("code 130");

  type("exit 5\n");
  expect(await shell.exited).toBe(5);
  expect(shell.stdout).toMatch(/ icanon .* echo /s); // the terminal is as it was
});

test("shell that is ended from outside leaves its terminal as it was", async () => {
  const inner = `echo pid $$; exec ${exampleCommand("shell.ts").join(" ")} web`;
  const command = `sh -c '${inner}'; code=$?; stty -a; exit $code`;
  await using shell = new RunningExample("shell.ts", [], {
    ...lab,
    command: ["script", "-qfec", command, "/dev/null"],
  });
  await shell.shows("# ");
  process.kill(Number(/pid (\d+)/.exec(shell.stdout)?.[1]), "SIGTERM");
  expect(await shell.exited).toBe(1);
  expect(shell.stdout).toContain("Interrupted");
  expect(shell.stdout).toMatch(/ icanon .* echo /s);
});

test("shell without a terminal: input by a pipe, both outputs apart, the command's exit code", async () => {
  await using shell = new RunningExample(
    "shell.ts",
    ["web", "--", "sh", "-c", "cat; echo bad >&2; exit 3"],
    lab,
  );
  shell.child.stdin.end("one\ntwo\n");
  expect(await shell.exited).toBe(3);
  expect([shell.stdout, shell.stderr]).toEqual(["one\ntwo\n", "bad\n"]);
});

test("shell ends with one line when there is no such container or no such command", async () => {
  const noContainer = await runExample("shell.ts", ["db"], lab);
  expect([noContainer.exitCode, noContainer.stderr]).toEqual([
    1,
    expect.stringMatching(/^No running .* db /),
  ]);
  const noCommand = await runExample("shell.ts", ["web", "--", "/no/such"], lab);
  expect([noCommand.exitCode, noCommand.stderr]).toEqual([
    1,
    expect.stringContaining("Command /no/such could not be run"),
  ]);
});
