import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function execScenarios(subject: () => Subject): void {
  test("exec gives output and exit code, each stream by itself", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("exec");
    const container = await runScript(pod, "sleep 1000");
    const result = await container.exec(["sh", "-c", "echo out; echo err >&2; exit 4"]);
    expect(result).toEqual({ exitCode: 4, stdout: "out\n", stderr: "err\n" });
  });

  test("exec returns a megabyte whole", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("exec-big");
    const container = await runScript(pod, "sleep 1000");
    const command = ["sh", "-c", "dd if=/dev/zero bs=1024 count=1024 2>/dev/null"];
    const { stdout } = await container.exec(command, { encoding: "buffer" });
    expect(stdout.length).toBe(1024 * 1024);
  });

  test("exec past its time limit is a deadline error, and the command is killed where that can be", async () => {
    const { behaviour, runPod, runScript } = subject();
    await using pod = await runPod("exec-late");
    const container = await runScript(pod, "sleep 1000");
    await expect(container.exec(["sleep", "987"], { timeoutMs: 1000 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    const { stdout } = await container.exec(["ps", "-o", "args"]);
    expect(stdout.includes("sleep 987") ? "goes on" : "killed").toBe(behaviour.lateCommand);
  });

  test("exec gives a command its input, to the end", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("exec-input");
    const container = await runScript(pod, "sleep 1000");
    expect(await container.exec(["cat"], { stdin: "typed\n" })).toEqual({
      exitCode: 0,
      stdout: "typed\n",
      stderr: "",
    });
    const failed = container.exec(["sh", "-c", "wc -c; exit 4"], {
      stdin: Buffer.alloc(3_000_000),
      check: true,
    });
    await expect(failed).rejects.toMatchObject({ code: "non_zero_exit", exitCode: 4, stdout: "3000000\n" });
    const endless = container.exec(["sh", "-c", "cat; yes"], { stdin: "" });
    await expect(endless).rejects.toMatchObject({ code: "resource_exhausted" });
  });

  test("exec in a container that has ended is an error", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("exec-ended");
    const container = await runScript(pod, "exit 0");
    await container.wait();
    await expect(container.exec(["true"])).rejects.toThrow(/not running|running|exited/i);
  });
}
