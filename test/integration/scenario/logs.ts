import { randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import type { Container, LogOptions } from "crikit";
import { expect, test } from "vitest";
import { KubeletRotation } from "../../support/kubelet-rotation.js";
import type { Subject } from "./subject.js";

/** Keeps a script that counts from its end, for nothing can be done to the log of one that has ended. */
function gate() {
  // On the fake runtime it is the host's own.
  const file = `/tmp/crikit-gate-${randomUUID()}`;
  return {
    at: (count: number) => `[ $i -ne ${count} ] || { until [ -e ${file} ]; do sleep 0.1; done; rm ${file}; }`,
    open: (container: Container) =>
      container.exec(["sh", "-c", `mkdir -p /tmp; touch ${file}`], { check: true }),
  };
}

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
    const end = gate();
    const container = await runScript(
      pod,
      `i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; sleep 0.1; ${end.at(15)}; done`,
    );
    const { logPath } = await container.status();
    const texts = [];
    for await (const { text } of container.logs({ follow: true })) {
      texts.push(text);
      if (text !== "5") continue;
      await rename(logPath, `${logPath}.old`);
      await container.reopenLog();
      await end.open(container);
    }
    expect(texts).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`));
  });

  test("a fast log that is rotated and compressed meanwhile has each line once, followed and read afterwards", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("fast");
    const end = gate();
    const count = 4_000;
    const pause = "[ $((i % 200)) -ne 0 ] || sleep 0.2";
    const script = `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo $i; ${pause}; ${end.at(3_900)}; done`;
    const container = await runScript(pod, script);
    const { logPath } = await container.status();
    const rotation = new KubeletRotation(container, logPath);
    const lines = [];
    for await (const { text, gapBefore } of container.logs({ follow: true })) {
      lines.push({ text, gapBefore });
      if (lines.length % 500 === 0 && lines.length < count) await rotation.rotate();
      if (lines.length === 3_500) await end.open(container);
    }
    const expected = Array.from({ length: count }, (_, index) => ({
      text: `${index + 1}`,
      gapBefore: false,
    }));
    expect(lines).toEqual(expected);

    const texts = [];
    for await (const { text } of container.logs()) texts.push(text);
    expect(texts).toEqual(expected.map(({ text }) => text));
    const last = [];
    for await (const { text } of container.logs({ tail: 1_200 })) last.push(text);
    expect(last).toEqual(texts.slice(-1_200));
    const present = [];
    for await (const { text } of container.logs({ history: false })) present.push(text);
    expect(present.length).toBeLessThan(1_000);
    expect(present).toEqual(texts.slice(-present.length));
  });

  test("the log of the attempt before can be read", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("previous");
    const first = await runScript(pod, "echo the first");
    await first.wait();
    const second = await runScript(pod, "echo the second", { metadata: { name: "main", attempt: 1 } });
    await second.wait();
    const texts = [];
    for await (const { text } of second.logs({ previous: true })) texts.push(text);
    expect(texts).toEqual(["the first"]);
    await expect(first.logs({ previous: true }).next()).rejects.toMatchObject({ code: "not_found" });
  });

  test("lines of one output, of a time and of so many bytes", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("range");
    const container = await runScript(
      pod,
      "for i in 1 2 3 4; do echo out $i; sleep 0.1; echo err $i >&2; sleep 0.1; done",
    );
    await container.wait();
    const all = [];
    for await (const line of container.logs()) all.push(line);
    const textsOf = async (options: LogOptions) => {
      const texts = [];
      for await (const line of container.logs(options)) texts.push("text" in line ? line.text : "");
      return texts;
    };
    expect(await textsOf({ streams: ["stderr"], tail: 2 })).toEqual(["err 3", "err 4"]);
    const [since = 0n, until = 0n] = [all[2]?.timeNs, all[4]?.timeNs];
    // On a busy machine lines that are read at once have one time.
    const within = all.filter(({ timeNs }) => timeNs >= since && timeNs <= until);
    expect(within.length).toBeGreaterThanOrEqual(3);
    expect(await textsOf({ since, until })).toEqual(within.map((line) => ("text" in line ? line.text : "")));
    expect(await textsOf({ limitBytes: 8 })).toEqual(["out 1", "er"]);
  });
}
