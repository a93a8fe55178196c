import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { sleep } from "../../../src/async/abort.js";
import { deferred } from "../../../src/async/deferred.js";
import { RuntimeService } from "../../../src/proto.js";
import { createLogger } from "../../../src/runtime/log.js";
import { instrument } from "../../../src/runtime/server/instrument.js";
import { listen } from "../../../src/runtime/server/listen.js";
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import { until } from "../../support/until.js";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-listen-"));
  path = join(directory, "sub/cri.sock");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function client() {
  const connection = openConnection(parseEndpoint(`unix://${path}`));
  return { runtime: createRuntimeClient(connection), close: () => connection.close() };
}

describe("`listen`", () => {
  it("serves on a socket that only its owner may open, and removes it", async () => {
    const listening = await listen(path, ({ service }) => {
      service(RuntimeService, { version: () => ({ runtimeName: "here" }) });
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { runtime, close } = client();
    expect((await runtime.version({})).runtimeName).toBe("here");
    close();
    await listening.close();
    await listening.close();
    expect(await readdir(join(directory, "sub"))).toEqual([]);
  });

  it("has many calls under way without a word", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    const go = deferred<void>();
    let underWay = 0;
    const listening = await listen(path, ({ service }) => {
      service(RuntimeService, {
        async version() {
          underWay += 1;
          await go.promise;
          return {};
        },
      });
    });
    const { runtime, close } = client();
    const calls = Array.from({ length: 12 }, () => runtime.version({}));
    await expect.poll(() => underWay).toBe(12);
    go.resolve();
    await Promise.all(calls);
    process.off("warning", note);
    expect(warnings).toEqual([]);
    close();
    await listening.close();
  });

  it("serves at a path as long as a socket's may be", async () => {
    path = join(directory, "x".repeat(107 - directory.length - 1));
    const listening = await listen(path, ({ service }) => {
      service(RuntimeService, { version: () => ({ runtimeName: "far" }) });
    });
    const { runtime, close } = client();
    expect((await runtime.version({})).runtimeName).toBe("far");
    close();
    await listening.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("takes requests of many MiB", async () => {
    const listening = await listen(path, ({ service }) => {
      service(RuntimeService, {
        execSync: ({ cmd }) => ({ stdout: Buffer.from(String(cmd[0]?.length)) }),
      });
    });
    const { runtime, close } = client();
    const { stdout } = await runtime.execSync({ containerId: "c", cmd: ["x".repeat(15_000_000)] });
    expect(Buffer.from(stdout).toString()).toBe("15000000");
    close();
    await listening.close();
  });

  it("keeps nothing of a client that sent a frame too large and went", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const listening = await listen(path, () => {});
      const before = await descriptors();
      const client = connectSocket(path);
      const [preface, settings] = ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [0, 0, 0, 4, 0, 0, 0, 0, 0]];
      client.write(Buffer.concat([Buffer.from(preface), Buffer.from(settings)]));
      await once(client, "data");
      // As long as 16 MiB; what is allowed are 16 KiB.
      client.write(Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]));
      const goaway = 7;
      await until("it is told off", async () => (await once(client, "data"))[0].includes(goaway));
      client.destroy();
      await once(client, "close");
      vi.advanceTimersByTime(60_000);
      await until("its connection is closed", async () => (await descriptors()) <= before);
      await listening.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it("refuses the address of a daemon that answers", async () => {
    const first = await listen(path, () => {});
    await expect(listen(path, () => {})).rejects.toThrow(`Another daemon serves ${path}`);
    await first.close();
  });

  it("refuses a path that is not a socket", async () => {
    const file = join(directory, "file");
    await writeFile(file, "precious");
    await expect(listen(file, () => {})).rejects.toThrow("not a socket");
    expect(existsSync(file)).toBe(true);
  });

  it("takes over from a daemon that died without removing its socket", async () => {
    const dead = join(directory, "dead.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 9))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    expect(existsSync(dead)).toBe(true);
    const listening = await listen(dead, () => {});
    await listening.close();
    expect(existsSync(dead)).toBe(false);
  });

  it("lets calls under way finish when it closes, and leaves the socket of a successor", async () => {
    const entered = deferred<void>();
    const leave = deferred<void>();
    const listening = await listen(path, ({ service }) => {
      service(RuntimeService, {
        async version() {
          entered.resolve();
          await leave.promise;
          return { runtimeName: "finished" };
        },
      });
    });
    const { runtime, close } = client();
    const answer = runtime.version({});
    await entered.promise;
    const closed = listening.close();
    await rm(path);
    const successor = createServer().listen(path);
    await once(successor, "listening");
    leave.resolve();
    expect((await answer).runtimeName).toBe("finished");
    await closed;
    expect(existsSync(path)).toBe(true);
    close();
    successor.close();
  });

  it("aborts at its end what waits, and says so; what heeds no abort is cut off", async () => {
    const aborted = deferred<unknown>();
    const entered = deferred<void>();
    const listening = await listen(path, (router) => {
      const rpcs = {
        async version(_request: unknown, { signal }: { signal: AbortSignal }) {
          await sleep(60_000, signal).catch((reason) => {
            aborted.resolve(reason);
            throw reason;
          });
          return {};
        },
        async status() {
          entered.resolve();
          return never.promise;
        },
      };
      router.service(
        RuntimeService,
        instrument(
          RuntimeService,
          rpcs,
          createLogger("error", () => {}),
        ),
      );
    });
    const never = deferred<{ info: Record<string, string> }>();
    const { runtime, close } = client();
    const waits = runtime.version({}, { timeoutMs: 60_000, retries: 0 });
    const hangs = runtime.status({}, { timeoutMs: 60_000, retries: 0 });
    await entered.promise;
    const closed = listening.close();
    await expect(waits).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("stopped while the call was under way: call again once it is back"),
    });
    expect(await aborted.promise).toMatchObject({ code: "unavailable" });
    await expect(hangs).rejects.toMatchObject({ code: "unavailable" });
    await closed;
    never.resolve({ info: {} });
    close();
  });
});

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}
