import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningExample, runExample } from "../support/example.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("watch-events tells what there is, then a container's start, exit code and removal, over a restart", async () => {
  await using pod = await lab.runPod("web");
  await using watcher = new RunningExample("watch-events.ts", [], lab);
  await watcher.shows("changes from here on");
  expect(watcher.stdout).toMatch(/pod +added +default\/web +ready\n/);

  const job = await runScript(pod, "job", "sleep infinity & wait; exit 7");
  await watcher.shows(/container +(added|updated) +default\/web\/job +(created -> )?running\n/);
  await lab.runtime.restart({ kill: true });
  await job.stop({ gracePeriodMs: 0 });
  await watcher.shows(/container +updated +default\/web\/job +running -> exited 137 \(\w+\)\n/);
  await job.remove();
  await watcher.shows(/container +removed +default\/web\/job\n/);
  expect(await watcher.interrupt()).toBe(0);
  expect(watcher.stderr).toBe("");
});

test("watch-events keeps to one namespace", async () => {
  await lab.runPod("elsewhere");
  await using watcher = new RunningExample("watch-events.ts", ["--namespace", "kube-system"], lab);
  await watcher.shows("changes from here on");
  await lab.cri.pods.run({ metadata: { name: "dns", namespace: "kube-system" } });
  await watcher.shows("kube-system/dns");
  expect(watcher.stdout).not.toContain("elsewhere");
  expect(await watcher.interrupt("SIGTERM")).toBe(0);
});

test("watch-events ends with one line about a runtime that is not there", async () => {
  const { exitCode, stderr } = await runExample("watch-events.ts", [], {
    endpoint: "unix:///nowhere/cri.sock",
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain("/nowhere/cri.sock");
  expect(stderr).not.toContain("    at ");
});
