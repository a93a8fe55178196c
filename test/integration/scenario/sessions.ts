import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { Session } from "../../../src/sessions/session.js";
import type { Abilities } from "./behaviour.js";
import type { Subject } from "./subject.js";
import { testWhere } from "./test-where.js";

/** Reads both outputs to their ends, with how the command ended. */
async function outcome({ stdout, stderr, exited }: Session) {
  const [out, err, { exitCode }] = await Promise.all([text(stdout), text(stderr), exited]);
  return { out, err, exitCode };
}

/** Reads until the text has come; the rest stays to be read. */
async function readUntil(output: Readable, wanted: string): Promise<string> {
  for (let seen = ""; ; ) {
    const chunk = output.read();
    if (chunk === null) await once(output, "readable");
    else seen += chunk;
    if (seen.includes(wanted)) return seen;
  }
}

const webServer =
  "mkdir /www; head -c 1000000 /dev/zero | tr '\\0' x > /www/big; httpd -p 80 -h /www; sleep 1000";

export function sessionScenarios(subject: () => Subject, able: Abilities): void {
  test("spawn keeps the outputs apart, and the exit code is a value", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("spawn");
    const container = await runScript(pod, "sleep 1000");
    const session = await container.spawn(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(await outcome(session)).toEqual({ out: "out\n", err: "err\n", exitCode: 3 });
    const killed = await container.spawn(["sh", "-c", "kill -9 $$"]);
    expect(await outcome(killed)).toMatchObject({ exitCode: 137 });
  });

  test("the end of spawn's input is the end of the command's, and its output goes on", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("eof");
    const container = await runScript(pod, "sleep 1000");
    const session = await container.spawn(["sh", "-c", "cat; sleep 0.3; echo after"], { stdin: true });
    session.stdin.end("before\n");
    expect(await outcome(session)).toMatchObject({ out: "before\nafter\n", exitCode: 0 });
  });

  test("megabytes go in and come out whole", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("bulk");
    const container = await runScript(pod, "sleep 1000");
    const counted = await container.spawn(["wc", "-c"], { stdin: true });
    counted.stdin.end(Buffer.alloc(20_000_000));
    expect(await outcome(counted)).toMatchObject({ out: "20000000\n", exitCode: 0 });
    const written = await container.spawn(["head", "-c", "20000000", "/dev/zero"]);
    let bytes = 0;
    for await (const chunk of written.stdout) bytes += chunk.length;
    expect(bytes).toBe(20_000_000);
    expect((await written.exited).exitCode).toBe(0);
  });

  test("many short commands lose nothing of their output", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("dense");
    const container = await runScript(pod, "sleep 1000");
    const expected = Array.from({ length: 2000 }, (_, index) => `line ${index + 1} of many\n`).join("");
    for (let round = 0; round < 10; round += 1) {
      const session = await container.spawn(["sh", "-c", "seq 2000 | sed 's/.*/line & of many/'"]);
      expect((await outcome(session)).out).toBe(expected);
    }
  });

  test("a command that does not exist is an error, not an exit code", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("missing");
    const container = await runScript(pod, "sleep 1000");
    const session = await container.spawn(["no-such-command"]);
    await expect(session.exited).rejects.toThrow(/no-such-command/);
    await expect(container.spawn([])).rejects.toMatchObject({ code: "invalid_argument" });
  });

  testWhere(able.ownTerminals)("a terminal has the size that was told, then the next one", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("tty");
    const container = await runScript(pod, "sleep 1000");
    await using shell = await container.spawn(["sh"], { tty: true, size: { columns: 99, rows: 33 } });
    shell.stdin.write("sleep 0.3; tty; stty size\n");
    expect(await readUntil(shell.stdout, "33 99")).toContain("/dev/pts/");
    shell.resize({ columns: 120, rows: 40 });
    shell.stdin.write("sleep 0.3; stty size\n");
    await readUntil(shell.stdout, "40 120");
    shell.stdin.end("exit 5\n");
    shell.stdout.resume();
    expect((await shell.exited).exitCode).toBe(5);
  });

  testWhere(able.ownTerminals)("the end of a terminal's input is the character for it", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("tty-eof");
    const container = await runScript(pod, "sleep 1000");
    const session = await container.spawn(["sh", "-c", "echo ready; cat; echo done"], { tty: true });
    await readUntil(session.stdout, "ready");
    session.stdin.write("typed\n");
    await readUntil(session.stdout, "typed\r\ntyped");
    session.stdin.end();
    expect(await outcome(session)).toMatchObject({ out: expect.stringContaining("done"), exitCode: 0 });
  });

  testWhere(able.terminals)("a terminal's output comes whole, although its input stays open", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("tty-whole");
    const container = await runScript(pod, "sleep 1000");
    const expected = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join("");
    for (let round = 0; round < 5; round += 1) {
      const session = await container.spawn(["seq", "3000"], { tty: true });
      const { out, exitCode } = await outcome(session);
      // Until runc has set up the terminal, it may return the carriage twice.
      expect([out.replace(/\r+\n/g, "\n"), exitCode]).toEqual([expected, 0]);
    }
  });

  test("an abort ends the session with the signal's own reason", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("abort");
    const container = await runScript(pod, "sleep 1000");
    const enough = new AbortController();
    const session = await container.spawn(["sleep", "1000"], { signal: enough.signal });
    enough.abort(new Error("Enough"));
    await expect(session.exited).rejects.toThrow("Enough");
    // On a busy machine the time may be over before it stands.
    const late = container.spawn(["sleep", "1000"], { timeoutMs: 200 }).then(({ exited }) => exited);
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
  });

  test("attach joins the container's own input and output", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("attach");
    const script = "while read -r line; do echo got $line; echo noted >&2; done; sleep 1000";
    const container = await runScript(pod, script, { stdin: true });
    for (const word of ["first", "second"]) {
      await using session = await container.attach({ stdin: true });
      session.stdin.write(`${word}\n`);
      expect(await readUntil(session.stdout, word)).toBe(`got ${word}\n`);
      expect(await readUntil(session.stderr, "noted")).toBe("noted\n");
    }
  });

  test("an input meant for one session ends with it, and the container with that", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("attach-once");
    const container = await runScript(pod, "cat; exit 7", { stdin: true, stdinOnce: true });
    const session = await container.attach({ stdin: true });
    session.stdin.end("once\n");
    expect(await text(session.stdout)).toBe("once\n");
    // The session has gone well; how the container has ended is the container's to tell.
    expect((await session.exited).exitCode).toBe(0);
    expect((await container.wait()).exitCode).toBe(7);
  });

  test("an input meant for one session ends with a client that leaves", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("attach-gone");
    const container = await runScript(pod, "cat; exit 8", { stdin: true, stdinOnce: true });
    const session = await container.attach({ stdin: true });
    session.stdin.write("there\n");
    await readUntil(session.stdout, "there");
    await session.close();
    expect((await container.wait()).exitCode).toBe(8);
  });

  test("the end of an attached session's input ends the session, and the container goes on", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("detach");
    const container = await runScript(pod, "while read -r line; do echo got $line; done", { stdin: true });
    for (const word of ["first", "second"]) {
      const session = await container.attach({ stdin: true });
      session.stdin.write(`${word}\n`);
      expect(await readUntil(session.stdout, word)).toBe(`got ${word}\n`);
      session.stdin.end();
      session.stdout.resume();
      session.stderr.resume();
      expect((await session.exited).exitCode).toBe(0);
      expect((await container.status()).state).toBe("running");
    }
  });

  testWhere(able.isolates)("forward carries connections to a port of the pod, many at once", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("forward");
    const container = await runScript(pod, webServer);
    await readyToServe(container);
    await using forward = await pod.forward(80);
    const answers = Array.from({ length: 16 }, async () => {
      const response = await fetch(`http://127.0.0.1:${forward.port}/big`, {
        headers: { connection: "close" },
      });
      return (await response.arrayBuffer()).byteLength;
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([1_000_000]));
  });

  test("a port where nobody listens fails one connection and no other", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("refused");
    await runScript(pod, "sleep 1000");
    const errors: unknown[] = [];
    await using forward = await pod.forward(81, { onError: (error) => errors.push(error) });
    for (let round = 0; round < 2; round += 1) {
      const socket = connectTcp(forward.port, "127.0.0.1").on("error", () => {});
      socket.write("hello");
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect(errors.map(String)).toEqual([
      expect.stringMatching(/81.*refused/),
      expect.stringMatching(/81.*refused/),
    ]);
  });

  testWhere(able.isolates)("connect gives a stream whose end is that of one direction alone", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("connect");
    const container = await runScript(pod, webServer);
    await readyToServe(container);
    const stream = await pod.connect(80);
    stream.end("GET /big HTTP/1.0\r\n\r\n");
    const answer = await text(stream);
    expect(answer).toMatch(/^HTTP\/1.. 200/);
    expect(answer.length).toBeGreaterThan(1_000_000);
    await expect(pod.connect(0)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  testWhere(able.isolates)(
    "connect tells the end of what a port sends while its own side is open",
    async () => {
      const { runPod, runScript } = subject();
      await using pod = await runPod("connect-open");
      const container = await runScript(pod, webServer);
      await readyToServe(container);
      const stream = await pod.connect(80);
      stream.write("GET /big HTTP/1.0\r\n\r\n");
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      await once(stream, "end");
      expect(bytes).toBeGreaterThan(1_000_000);
      stream.end();
      await once(stream, "close");
    },
  );
}

async function readyToServe(container: { exec(command: string[]): Promise<{ exitCode: number }> }) {
  await expect
    .poll(async () => (await container.exec(["wget", "-qO", "-", "http://127.0.0.1/big"])).exitCode)
    .toBe(0);
}
