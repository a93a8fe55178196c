import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningExample, runExample } from "../support/example.js";
import { until } from "../support/until.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("port-forward serves a pod's port on this machine until it is told to end", async () => {
  await using pod = await lab.runPod("site");
  const serve =
    "mkdir /www; echo Hello > /www/index.html; httpd -p 80 -h /www; echo ready; sleep infinity & wait";
  await using web = await runScript(pod, "web", serve);
  for await (const line of web.logs({ follow: true })) if (line.text === "ready") break;

  await using forward = new RunningExample("port-forward.ts", ["site", "80", "81"], lab);
  await forward.shows("to port 81 of site");
  const [, port, dead] = /:(\d+) to port 80 of site\n.*:(\d+) to port 81/.exec(forward.stdout) ?? [];
  for (let times = 0; times < 3; times++) {
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("Hello\n");
  }
  await expect(fetch(`http://127.0.0.1:${dead}/`)).rejects.toThrow();
  await until("it says so", () => forward.stderr.includes("A connection to port 81 failed"));

  expect(await forward.interrupt()).toBe(0);
  await expect(knock(Number(port))).rejects.toThrow("ECONNREFUSED");
});

test("port-forward says which pod is not there, and how it is used", async () => {
  const noPod = await runExample("port-forward.ts", ["nowhere", "80"], lab);
  expect([noPod.exitCode, noPod.stderr]).toEqual([1, expect.stringMatching(/^No pods .* nowhere/)]);
  const noPort = await runExample("port-forward.ts", ["site"], lab);
  expect([noPort.exitCode, noPort.stderr]).toEqual([1, "Usage: port-forward POD [LOCAL:]PORT...\n"]);
});

function knock(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(void socket.destroy()));
    socket.on("error", reject);
  });
}
