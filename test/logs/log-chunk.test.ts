import { appendFile, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { limitBytes } from "../../src/logs/limit-bytes.js";
import { ChunkSink, type LogChunk } from "../../src/logs/log-chunk.js";
import { type ReadLogOptions, readLog } from "../../src/logs/read-log.js";
import { numbered, record, records, timestamp, useLogDirectory } from "./support/log-directory.js";

const log = useLogDirectory();

async function chunksOf(options?: ReadLogOptions, limit = Number.POSITIVE_INFINITY): Promise<LogChunk[]> {
  const chunks: LogChunk[] = [];
  for await (const batch of limitBytes(readLog(log.path, new ChunkSink(), options), limit)) {
    chunks.push(...batch);
  }
  return chunks;
}

async function shown(options?: ReadLogOptions, limit?: number): Promise<string[]> {
  return (await chunksOf(options, limit)).map(({ stream, bytes, lines }) => `${stream} ${lines} ${bytes}`);
}

describe("chunks of a log", () => {
  test("hold many lines each, with their line ends, all in order", async () => {
    await writeFile(log.path, records(0, 20_000));
    const chunks = await chunksOf();
    expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()).toBe(
      `${numbered(0, 20_000).join("\n")}\n`,
    );
    expect(chunks.reduce((sum, { lines }) => sum + lines, 0)).toBe(20_000);
    expect(chunks.length).toBeLessThan(20);
  });

  test("keep the order of the streams, and join the parts of a line", async () => {
    await writeFile(
      log.path,
      record(0, { content: "a" }) +
        record(1, { content: "b" }) +
        record(2, { content: "war", stream: "stderr", tag: "P" }) +
        record(3, { content: "c" }) +
        record(4, { content: "ning", stream: "stderr" }) +
        record(5, { content: "$ ", tag: "P" }),
    );
    expect(await shown()).toEqual(["stdout 3 a\nb\nc\n", "stderr 1 warning\n", "stdout 1 $ "]);
  });

  test("are the bytes that were written: no text, long lines, carriage returns of a terminal", async () => {
    const contents = [
      Buffer.from([0xff, 0x00, 0xc3]),
      Buffer.from("€".repeat(3_000)),
      Buffer.alloc(0),
      Buffer.from("on a terminal\r"),
    ];
    const head = Buffer.from(`${timestamp(0)} stdout F `);
    await writeFile(
      log.path,
      Buffer.concat(contents.flatMap((content) => [head, content, Buffer.from("\n")])),
    );
    const [chunk, ...others] = await chunksOf();
    expect(others).toEqual([]);
    expect(chunk?.bytes).toEqual(Buffer.concat(contents.flatMap((content) => [content, Buffer.from("\n")])));
  });

  test("are of the lines that the options ask for", async () => {
    await writeFile(log.path, records(0, 5) + record(5, { stream: "stderr" }));
    expect(await shown({ tail: 2, streams: ["stdout"] })).toEqual(["stdout 2 line 3\nline 4\n"]);
    expect(await shown({}, 10)).toEqual(["stdout 2 line 0\nlin"]);
    expect(await shown({}, 7)).toEqual(["stdout 1 line 0\n"]);
  });

  test("end a line that the next file does not go on with, so that no two are one", async () => {
    await writeFile(`${log.path}.1`, records(0, 1) + record(1).slice(0, -2));
    await utimes(`${log.path}.1`, 0, 0); // Nobody still writes to it.
    await writeFile(log.path, records(2, 3) + record(3).slice(0, -2));
    expect((await chunksOf()).map(({ bytes }) => `${bytes}`).join("")).toBe("line 0\nline \nline 2\nline \n");
    expect((await chunksOf()).reduce((sum, { lines }) => sum + lines, 0)).toBe(4);
  });

  test("end a line whose rest is missing, and the pieces of one", async () => {
    const long = "x".repeat(1024 * 1024);
    await writeFile(log.path, `${record(0, { tag: "P" })}torn by a crash\n${records(2, 3)}`);
    expect(await shown()).toEqual(["stdout 1 line 0\n", "stdout 1 line 2\n"]);
    await writeFile(log.path, `${record(0, { tag: "P", content: long })}torn by a crash\n${records(2, 3)}`);
    const chunks = await chunksOf();
    expect(chunks.map(({ bytes }) => `${bytes}`).join("")).toBe(`${long}\nline 2\n`);
    expect(chunks.map(({ lines }) => lines).filter((lines) => lines > 0)).toEqual([1, 1]);
  });

  test("begin anew where lines are missing, and say so", async () => {
    await writeFile(log.path, records(0, 2));
    await appendFile(log.path, "torn by a crash\n");
    await appendFile(log.path, records(3, 5));
    const chunks = await chunksOf();
    expect(chunks.map(({ bytes, gapBefore }) => [`${bytes}`, gapBefore])).toEqual([
      ["line 0\nline 1\n", false],
      ["line 3\nline 4\n", true],
    ]);
  });
});
