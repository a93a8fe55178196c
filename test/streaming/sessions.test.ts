import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { SessionOpener } from "../../src/sessions/open-session.js";
import type { Session } from "../../src/sessions/session.js";
import { until } from "../support/until.js";
import { allChannels, execRequest, type LocalRuntime, startLocalRuntime } from "./support/local-runtime.js";

let runtime: LocalRuntime;

beforeAll(async () => {
  runtime = await startLocalRuntime();
});

afterAll(() => runtime[Symbol.asyncDispose]());

describe.each(["spdy", "websocket"] as const)("a session by %s", (transport) => {
  const opener = new SessionOpener({ transport });

  function spawn(script: string, channels: Partial<typeof allChannels> = {}, signal?: AbortSignal) {
    const request = { ...allChannels, ...channels };
    const url = async () => runtime.server.execUrl(execRequest(["sh", "-c", script], channels));
    return opener.open(request, url, { signal });
  }

  async function outcome({ stdout, stderr, exited }: Session) {
    const [out, err, { exitCode }] = await Promise.all([text(stdout), text(stderr), exited]);
    return { out, err, exitCode };
  }

  it("keeps its outputs apart and gives the exit code", async () => {
    const session = await spawn("cat; echo err >&2; exit 3");
    session.stdin.end("in\n");
    expect(await outcome(session)).toEqual({ out: "in\n", err: "err\n", exitCode: 3 });
  });

  it("loses nothing of dense output, three hundred times", async () => {
    const script = "i=0; while [ $i -lt 110 ]; do i=$((i+1)); echo dense line $i; done; exit 9";
    const expected = Array.from({ length: 110 }, (_, index) => `dense line ${index + 1}\n`).join("");
    for (let round = 0; round < 30; round += 1) {
      const sessions = await Promise.all(Array.from({ length: 10 }, () => spawn(script, { stdin: false })));
      for (const result of await Promise.all(sessions.map(outcome))) {
        expect(result).toEqual({ out: expected, err: "", exitCode: 9 });
      }
    }
  });

  it("ends although much of its input is left unread", async () => {
    const session = await spawn("head -c 4; exit 6");
    session.stdin.on("error", () => {});
    session.stdin.end(Buffer.alloc(30_000_000, "x"));
    expect(await outcome(session)).toEqual({ out: "xxxx", err: "", exitCode: 6 });
  });

  it("holds a fast command back until somebody reads, and its memory is flat over 2 GiB", async () => {
    const session = await spawn("head -c 2147483648 /dev/zero; exit 2", { stdin: false });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = process.memoryUsage().rss;
    let [bytes, most] = [0, 0];
    for await (const chunk of session.stdout) {
      bytes += chunk.length;
      most = Math.max(most, process.memoryUsage.rss());
    }
    expect([bytes, (await session.exited).exitCode]).toEqual([2 ** 31, 2]);
    expect(Math.max(most, process.memoryUsage.rss()) - before).toBeLessThan(150_000_000);
  }, 600_000);

  it("ends at the runtime when the loop over its output is left", async () => {
    const { gone } = runtime.seen;
    const session = await spawn("yes", { stdin: false });
    for await (const chunk of session.stdout) if (chunk.length > 0) break;
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
    await until("the runtime knows", () => runtime.seen.gone > gone);
  });

  it("that is closed is told to the runtime, which ends the command", async () => {
    const { gone } = runtime.seen;
    const session = await spawn("sleep 1000");
    await session.close();
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
    await until("the runtime knows", () => runtime.seen.gone > gone);
  });

  it("fails with the signal's own reason", async () => {
    const enough = new AbortController();
    const session = await spawn("sleep 1000", {}, enough.signal);
    enough.abort(new Error("Enough"));
    await expect(session.exited).rejects.toThrow("Enough");
    await expect(spawn("true", {}, enough.signal)).rejects.toThrow("Enough");
  });

  it("tells each size of its terminal, the first before any output", async () => {
    runtime.seen.sizes.length = 0;
    const session = await spawn("cat", { tty: true, stderr: false });
    session.resize({ columns: 80, rows: 24 });
    session.resize({ columns: 0, rows: 0 });
    session.resize({ columns: 132, rows: 50 });
    await until("both sizes are told", () => runtime.seen.sizes.length === 2);
    expect(runtime.seen.sizes).toEqual([
      { columns: 80, rows: 24 },
      { columns: 132, rows: 50 },
    ]);
    await session.close();
  });
});

describe("a runtime's words", () => {
  it("are the error of a session that it could not serve", async () => {
    const fail = async () => {
      throw new Error("no such container");
    };
    await using failing = await startLocalRuntime({ exec: fail });
    const session = await new SessionOpener().open(allChannels, async () => {
      return failing.server.execUrl(execRequest(["true"]));
    });
    await expect(session.exited).rejects.toThrow(/no such container/);
  });
});

describe("a runtime without SPDY", () => {
  it("is asked once more, by WebSocket with a URL of its own, and that is remembered", async () => {
    await using proxy = await withoutSpdy();
    const opener = new SessionOpener();
    let urls = 0;
    const newUrl = async () => {
      urls += 1;
      return runtime.server.execUrl(execRequest(["echo", "hi"])).replace(/:\d+\//, `:${proxy.port}/`);
    };
    for (const expected of [2, 3]) {
      const session = await opener.open({ ...allChannels, stdin: false }, newUrl);
      expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["hi\n", 0]);
      expect(urls).toBe(expected);
    }
  });
});

/** Refuses SPDY as CRI-O's conmon-rs does, and hands WebSockets on to the runtime. */
async function withoutSpdy(): Promise<{ port: number } & AsyncDisposable> {
  const { request } = await import("node:http");
  const server = createServer();
  server.on("upgrade", (asked, socket, head) => {
    if (asked.headers.upgrade !== "websocket") {
      socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const { port } = new URL(runtime.server.execUrl(execRequest(["true"])));
    const handed = request({ port, path: asked.url, headers: asked.headers, method: "GET" });
    handed.once("upgrade", (answer, other, otherHead) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
      socket.write(otherHead);
      other.write(head);
      // Either side may go first, at the end of a session.
      for (const side of [socket, other]) side.on("error", () => {});
      socket.pipe(other).pipe(socket);
    });
    handed.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
