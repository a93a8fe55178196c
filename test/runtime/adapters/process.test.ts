import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { afterEach, describe, expect, test } from "vitest";

import { identifyProcess, isAlive, killTree } from "../../../src/runtime/adapters/process.js";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

describe("killTree", () => {
  test("kills a process with its children and grandchildren, those in other sessions too", async () => {
    // Each prints its pid; the last one has left the process group and the session.
    const script =
      'echo $$; sh -c "echo \\$\\$; setsid sh -c \\"echo \\\\\\$\\\\\\$; sleep 600; true\\"; true"; true';
    const child = start(["sh", "-c", script]);
    const pids = await readPids(child, 3);
    const processes = await Promise.all(pids.map(identifyProcess));
    await killTree(pids[0] ?? 0);
    for (const process of processes) expect(process && (await isAlive(process))).toBe(false);
  });

  test("leaves a process alone that has the pid but is another", async () => {
    const child = start(["sleep", "600"]);
    const process = await identifyProcess(child.pid ?? 0);
    if (!process) throw new Error("sleep does not run");
    await killTree({ ...process, startTime: "1" });
    expect(await isAlive(process)).toBe(true);
  });

  test("kills what forks without end", async () => {
    const child = start(["sh", "-c", "echo $$; while :; do sh -c 'sleep 0.01; true' & sleep 0.002; done"]);
    const [pid = 0] = await readPids(child, 1);
    await killTree(pid);
    expect(await identifyProcess(pid)).toBeUndefined();
  });

  test("is done when there is no such process", async () => {
    const child = start(["true"]);
    await once(child, "exit");
    await killTree(child.pid ?? 0);
  });
});

describe("identifyProcess", () => {
  test("reads the start time behind a name with spaces and parentheses", async () => {
    const child = start(["bash", "-c", "exec -a '((a b) c' sleep 600"]);
    await once(child, "spawn");
    expect((await identifyProcess(child.pid ?? 0))?.startTime).toMatch(/^\d+$/);
  });

  test("knows no process that is only a zombie", async () => {
    const parent = start(["bash", "-c", "(exit 0) & echo $!; exec sleep 600"]);
    const [zombie = 0] = await readPids(parent, 1);
    await expect.poll(() => identifyProcess(zombie)).toBeUndefined();
  });
});

function start([file = "", ...args]: string[]): ChildProcess {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child;
}

async function readPids(child: ChildProcess, count: number): Promise<number[]> {
  if (!child.stdout) throw new Error("No output");
  const pids: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    pids.push(Number(line));
    if (pids.length === count) break;
  }
  return pids;
}
