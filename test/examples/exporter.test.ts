import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningExample } from "../support/example.js";
import { startPrometheus } from "../support/prometheus.js";
import { until } from "../support/until.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("exporter: Prometheus scrapes it and knows the memory and the processor of a container", async () => {
  await using pod = await lab.runPod("shop");
  const web = await runScript(pod, "web");
  const { memory } = await web.stats();
  await using exporter = new RunningExample("exporter.ts", ["--port", "0"], lab);
  await exporter.shows(/Serving http:\/\/127\.0\.0\.1:\d+\/metrics\n/);
  const [, target = ""] = /http:\/\/(\S+)\/metrics/.exec(exporter.stdout) ?? [];
  expect((await fetch(`http://${target}/healthz`)).status).toBe(200);
  expect((await fetch(`http://${target}/elsewhere`)).status).toBe(404);

  await using prometheus = await startPrometheus(lab.directory, target);
  const one = '{namespace="default",pod="shop",container="web"}';
  await until(
    "Prometheus knows the container",
    async () => (await prometheus.ask(`container_memory_usage_bytes${one}`)).length > 0,
  );
  const [used] = await prometheus.ask(`container_memory_usage_bytes${one}`);
  expect(used).toBeGreaterThan(0);
  expect(used).toBeLessThan(10 * (memory?.usageBytes ?? 0));
  expect(await prometheus.ask(`container_cpu_usage_seconds_total${one}`)).toHaveLength(1);
  expect(await prometheus.ask('up{job="containers"}')).toEqual([1]);

  await lab.runtime.restart({ kill: true });
  await until("it serves again", async () => (await fetch(`http://${target}/healthz`)).status === 200);
  expect(await exporter.interrupt("SIGTERM")).toBe(0);
  expect(exporter.stderr).toBe("");
});

test("exporter: ends when it is told to, although it is asked all the time on connections that stay open", async () => {
  await using exporter = new RunningExample("exporter.ts", ["--port", "0"], lab);
  await exporter.shows(/Serving http:.*\n/);
  const [, url = ""] = /(http:\S+)/.exec(exporter.stdout) ?? [];
  let answers = 0;
  const askers = Array.from({ length: 4 }, async () => {
    for (;;) {
      const answer = await fetch(url).then(
        (response) => response.text(),
        () => undefined,
      );
      if (answer === undefined) return;
      answers += 1;
    }
  });
  await until("it answers", () => answers > 20);
  expect(await exporter.interrupt("SIGTERM")).toBe(0);
  await Promise.all(askers);
});
