import { spawn } from "node:child_process";
import { getEventListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { identifyProcess } from "../../../src/runtime/adapters/process.js";
import { CommandError, runCommand } from "../../../src/runtime/adapters/run-command.js";
import { holdClock } from "../../support/held-clock.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-run-command-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("runCommand", () => {
  test("gives both outputs of a program that was fed its input", async () => {
    const output = await runCommand("sh", ["-c", "cat; echo told >&2"], { input: "grüße" });
    expect(output).toEqual({ stdout: "grüße", stderr: "told\n" });
  });

  test("gives the output of a program that says it and ends while the event loop is held up", async () => {
    const go = join(directory, "go");
    const saying = runCommand("sh", ["-c", `until [ -e ${go} ]; do sleep 0.01; done; echo said`]);
    // Its output and its end are found together; while the output is read, the first program ends, and is found ended
    // with it, its own output unread.
    const other = spawn("echo", ["other"]);
    other.stdout.once("data", () => {
      writeFileSync(go, "");
      holdUp(500);
    });
    other.once("exit", () => holdUp(500));
    holdUp(200);
    expect(await saying).toEqual({ stdout: "said\n", stderr: "" });
  });

  test("throws the program's last words and its exit code", async () => {
    const error = await failure(runCommand("sh", ["-c", "echo first >&2; echo last words >&2; exit 3"]));
    expect(error).toMatchObject({
      message: "sh: last words",
      exitCode: 3,
      signal: undefined,
      code: "internal",
    });
    expect(error.command).toEqual(["sh", "-c", "echo first >&2; echo last words >&2; exit 3"]);
  });

  test("says what killed a silent program", async () => {
    const error = await failure(runCommand("sh", ["-c", "kill -TERM $$"]));
    expect(error).toMatchObject({ message: "sh: killed by SIGTERM", signal: "SIGTERM", exitCode: undefined });
  });

  test("names the package of a program that is not there", async () => {
    const error = await failure(runCommand("/nowhere/runc", []));
    expect(error.message).toBe("runc: not found: apt-get install runc");
    expect((await failure(runCommand("crikit-no-such", []))).message).toContain("no program crikit-no-such");
  });

  test("tells a missing working directory from a missing program", async () => {
    const error = await failure(runCommand("true", [], { cwd: join(directory, "gone") }));
    expect(error.message).toBe(`true: working directory ${directory}/gone does not exist`);
  });

  test("bears a program that does not read its input", async () => {
    await runCommand("true", [], { input: "x".repeat(1_000_000) });
  });

  test("kills the program with its children when the signal aborts, and throws the signal's reason", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const running = runCommand("sh", ["-c", "sleep 600 & echo $! > child; wait"], {
      cwd: directory,
      signal: abort.signal,
    });
    const child = await pidIn("child");
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expectGone(child);
  });

  test("starts nothing when the signal has aborted already", async () => {
    const reason = new Error("before");
    const started = runCommand("sh", ["-c", "echo > started"], {
      cwd: directory,
      signal: AbortSignal.abort(reason),
    });
    await expect(started).rejects.toBe(reason);
    await expect(readFile(join(directory, "started"))).rejects.toThrow("ENOENT");
  });

  test("leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const running = runCommand("true", [], { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await running;
    await failure(runCommand("false", [], { signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("kills what hangs after the time it was given", async () => {
    using clock = holdClock();
    const failed = failure(
      runCommand("sh", ["-c", "echo $$ > child; sleep 600; true"], { cwd: directory, timeoutMs: 200 }),
    );
    const child = await pidIn("child");
    await clock.pass(200);
    expect((await failed).message).toBe("sh: not done after 200 ms");
    await expectGone(child);
  });

  test("kills what prints without end", async () => {
    const error = await failure(runCommand("yes", [], { maxOutputBytes: 100_000 }));
    expect(error.message).toBe("yes: printed more than 100000 bytes");
  });

  test("does not wait for what a program has left in the background", async () => {
    const { stdout } = await runCommand("sh", ["-c", "sleep 600 & echo $!"]);
    // That it is still there, and can be killed, shows that it was not waited for.
    process.kill(Number(stdout), "SIGKILL");
  });
});

async function failure(running: Promise<unknown>): Promise<CommandError> {
  const error = await running.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof CommandError)) throw new Error(`No CommandError: ${error}`);
  return error;
}

/** The pid that a program writes to a file. */
async function pidIn(name: string): Promise<number> {
  const read = () => readFile(join(directory, name), "utf8").catch(() => "");
  await expect.poll(read, { timeout: 60_000, interval: 5 }).toMatch(/^\d+\n$/);
  return Number(await read());
}

async function expectGone(pid: number): Promise<void> {
  await expect.poll(() => identifyProcess(pid)).toBeUndefined();
}

function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
