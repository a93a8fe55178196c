import { rename } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function logScenarios(subject: () => Subject): void {
  test("logs tell each line with its stream and time", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("logs");
    const container = await runScript(pod, "echo one; sleep 0.2; echo two >&2; sleep 0.2; printf three");
    await container.wait();
    const lines = [];
    for await (const line of container.logs()) lines.push(line);
    expect(lines.map(({ stream, text }) => [stream, text])).toEqual([
      ["stdout", "one"],
      ["stderr", "two"],
      ["stdout", "three"],
    ]);
    const times = lines.map(({ time }) => Number(time));
    expect(times).toEqual([...times].sort());
  });

  test("a log is followed to the container's end", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("follow");
    const container = await runScript(pod, "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done");
    const texts = [];
    for await (const { text } of container.logs({ follow: true })) texts.push(text);
    expect(texts).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("a line longer than the runtime's buffer comes whole", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("long");
    const container = await runScript(pod, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end");
    const texts = [];
    for await (const { text } of container.logs({ follow: true })) texts.push(text);
    expect(texts.map(({ length }) => length)).toEqual([100_000, 3]);
  });

  test("following goes on in the new file after the log was moved away and reopened", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("rotate");
    const container = await runScript(
      pod,
      "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; sleep 0.1; done",
    );
    const { logPath } = await container.status();
    const texts = [];
    for await (const { text } of container.logs({ follow: true })) {
      texts.push(text);
      if (text !== "5") continue;
      await rename(logPath, `${logPath}.old`);
      await container.reopenLog();
    }
    expect(texts).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`));
  });
}
