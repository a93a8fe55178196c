import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { OwnedContainer } from "crikit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leftOut } from "../left-out.js";
import { RunningExample } from "../support/example.js";
import { FluentReceiver } from "../support/fluent-receiver.js";
import { until } from "../support/until.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

/** Counts until it is told to end, so that it takes as long as the test does. */
const count = "n=0; while [ ! -e /end ]; do n=$((n + 1)); echo line $n; usleep 20000; done; echo end";
const end = (counter: OwnedContainer) => counter.exec(["touch", "/end"], { check: true });
const counted = (last: number) => Array.from({ length: last }, (_, index) => `line ${index + 1}`);

describe.skipIf(leftOut.fluentReceiver)("log-shipper", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const ship = (receiver: FluentReceiver, name: string) => {
    const args = ["--to", receiver.address, "--state", join(lab.directory, `${name}.json`)];
    return new RunningExample("log-shipper/main.ts", args, lab);
  };

  it("brings each line once and in order, over rotations and a stop of its own", async () => {
    await using pod = await lab.runPod("counter");
    await using receiver = await FluentReceiver.start();
    const lines = () => receiver.received.map(({ body }) => body);
    const counter = await runScript(pod, "counter", count);
    await using first = ship(receiver, "once");
    await until("some lines are there", () => lines().length > 10);
    await rotate(counter, 1);
    const before = lines().length;
    await until("lines after the rotation are there", () => lines().length > before + 10);
    expect(await first.interrupt("SIGTERM")).toBe(0);

    await rotate(counter, 2); // nobody ships meanwhile
    await using second = ship(receiver, "once");
    await end(counter);
    await until("all lines are there", () => lines().includes("end"));
    expect(await second.interrupt()).toBe(0);
    expect(lines()).toEqual([...counted(lines().length - 1), "end"]);
    expect(first.stderr + second.stderr).toBe("");
    const [{ timeNs, attributes } = { timeNs: 0, attributes: {} }] = receiver.received;
    expect(Math.abs(timeNs / 1e6 - Date.now())).toBeLessThan(120_000);
    expect(attributes).toMatchObject({
      "fluent.tag": "containers",
      namespace: "default",
      pod: "counter",
      container: "counter",
      stream: "stdout",
    });
  });

  it("brings each line at least once when the receiver goes and when it is killed itself", async () => {
    await using pod = await lab.runPod("counter");
    await using receiver = await FluentReceiver.start();
    const has = (line: string) => receiver.received.some(({ body }) => body === line);
    const counter = await runScript(pod, "counter", count);
    await using first = ship(receiver, "killed");
    await until("some lines are there", () => has("line 10"));
    await receiver.kill();
    await until("it says that it tries again", () => first.stderr.includes("is tried again"));
    receiver.start();
    const before = receiver.received.length;
    await until("lines come again", () => receiver.received.length > before);
    first.child.kill("SIGKILL");
    await first.exited;
    await using second = ship(receiver, "killed");
    await end(counter);
    await until("the last line is there", () => has("end"));
    expect(await second.interrupt()).toBe(0);
    const numbers = receiver.received.map(({ body }) => Number(/^line (\d+)$/.exec(body)?.[1] ?? 0));
    expect(counted(Math.max(...numbers)).filter((line) => !has(line))).toEqual([]);
  });
});

/** As kubelet does it. */
async function rotate(container: OwnedContainer, times: number): Promise<void> {
  const { logPath } = await container.status();
  await rename(logPath, `${logPath}.2026112${times}-120000`);
  await container.reopenLog();
}
