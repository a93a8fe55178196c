import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleCommand, RunningExample, runExample } from "../support/example.js";
import { until } from "../support/until.js";
import { image, type Lab, runScript, startLab } from "./support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

/** What a person sees: the last table drawn. */
const screen = ({ stdout }: RunningExample) => stdout.split("\x1b[H\x1b[J").at(-1) ?? "";

test("ps --once prints a table of what runs; --all has what has ended too", async () => {
  await using pod = await lab.runPod("shop");
  await using web = await runScript(pod, "web");
  await using job = await runScript(pod, "job", "exit 0");
  await job.wait();

  const running = await runExample("ps.ts", ["--once"], lab);
  expect(running.exitCode).toBe(0);
  const [head, ...rows] = running.stdout.trimEnd().split("\n");
  expect(head).toMatch(/^CONTAINER +POD +NAME +ATTEMPT +STATE +AGE +IMAGE$/);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(
    new RegExp(`^${web.id.slice(0, 12)} +default/shop +web +0 +running +\\d+s +${image}$`),
  );

  const all = await runExample("ps.ts", ["--once", "--all"], lab);
  expect(all.stdout).toMatch(new RegExp(`^${job.id.slice(0, 12)} +default/shop +job +0 +exited`, "m"));
});

test("ps on a terminal draws anew when a container comes and goes, in the terminal's width", async () => {
  await using pod = await lab.runPod("shop");
  const command = `stty cols 60 rows 10; exec ${exampleCommand("ps.ts").join(" ")}`;
  await using ps = new RunningExample("ps.ts", [], {
    ...lab,
    command: ["script", "-qfec", command, "/dev/null"],
  });
  await ps.shows("CONTAINER");
  const web = await runScript(pod, "web");
  await until("the container is in the table", () => / web .*running/.test(screen(ps)));
  expect(screen(ps)).toContain(web.id.slice(0, 12));
  for (const line of screen(ps).split("\r\n")) expect(line.length).toBeLessThanOrEqual(60);
  await web.remove();
  await until("the container is gone from it", () => !screen(ps).includes(web.id.slice(0, 12)));
  ps.child.stdin.write("\x03"); // Ctrl-C on its terminal
  expect(await ps.exited).toBe(0);
});
