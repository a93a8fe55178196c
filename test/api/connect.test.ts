import { spawn } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectOptions, connectFrom } from "../../src/api/connect.js";
import type { KnownEndpoint } from "../../src/api/known-endpoints.js";
import {
  DeadlineError,
  InvalidArgumentError,
  NoEndpointError,
  NoPermissionError,
  NotRunningError,
  StaleSocketError,
  UnsupportedError,
} from "../../src/errors.js";
import { holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";
import {
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "./support/serve.js";

let directory: TemporaryDirectory;
let opened: AsyncDisposable[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  opened = [];
});

afterEach(async () => {
  for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const at = (name: string) => join(directory.path, name);
const known = (...names: string[]): KnownEndpoint[] =>
  names.map((name) => ({ runtime: name, address: `unix://${at(name)}` }));

async function served(
  name: string,
  ...services: Parameters<typeof serve> extends [string, ...infer R] ? R : never
) {
  const server = await serve(at(name), ...services);
  opened.push(server);
  return server;
}

interface Where {
  env?: Record<string, string>;
  known?: KnownEndpoint[];
  options?: ConnectOptions;
}

async function connectAt(endpoint: string | undefined, where: Where = {}) {
  const places = {
    env: where.env ?? {},
    crictlConfigPath: at("crictl.yaml"),
    knownEndpoints: where.known ?? [],
  };
  const cri = await connectFrom(places, endpoint, where.options ?? {});
  opened.push(cri);
  return cri;
}

async function failure(endpoint: string | undefined, where?: Where): Promise<unknown> {
  return connectAt(endpoint, where).then(
    () => {
      throw new Error("It connected");
    },
    (error: unknown) => error,
  );
}

describe("connect with an endpoint", () => {
  test("gives a client that knows the runtime's version", async () => {
    const { path } = await served("a.sock", versionOf("first"));
    const cri = await connectAt(path);
    expect(cri.version).toMatchObject({
      runtimeName: "first",
      runtimeVersion: "1.2.3",
      runtimeApiVersion: "v1",
    });
    expect([cri.endpoint, cri.imageEndpoint]).toEqual([`unix://${path}`, `unix://${path}`]);
  });

  test("reads neither variables nor crictl's file", async () => {
    const { endpoint } = await served("a.sock", versionOf("first"));
    await writeFile(at("crictl.yaml"), "timeout: soon");
    const env = {
      CONTAINER_RUNTIME_ENDPOINT: "unix:///nowhere.sock",
      IMAGE_SERVICE_ENDPOINT: "tcp://nowhere",
    };
    const cri = await connectAt(endpoint, { env });
    expect(cri.version.runtimeName).toBe("first");
    expect(cri.imageEndpoint).toBe(endpoint);
  });

  test("throws NotRunningError where there is no socket", async () => {
    const error = await failure(at("none.sock"));
    expect(error).toBeInstanceOf(NotRunningError);
    expect(error).toMatchObject({ endpoint: `unix://${at("none.sock")}` });
  });

  test("throws StaleSocketError where nobody listens any more", async () => {
    await leaveStaleSocket(at("stale.sock"));
    expect(await failure(at("stale.sock"))).toBeInstanceOf(StaleSocketError);
  });

  test("throws NoPermissionError where this user may not open the socket", async () => {
    const { path } = await served("closed.sock", versionOf("closed"));
    await chmod(directory.path, 0o755);
    await chmod(path, 0o600);
    expect(await asNobody(() => failure(path))).toBeInstanceOf(NoPermissionError);
  });

  test("throws InvalidArgumentError for what is no socket and for what is no endpoint", async () => {
    await writeFile(at("file"), "");
    expect(await failure(at("file"))).toBeInstanceOf(InvalidArgumentError);
    expect(await failure("tcp://127.0.0.1:1234")).toBeInstanceOf(InvalidArgumentError);
  });

  test("throws DeadlineError, and hangs up, when a server accepts and never answers", async () => {
    const silent = await listen(createServer(), at("silent.sock"));
    const error = await failure(at("silent.sock"), { options: { timeoutMs: 200 } });
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error).toHaveProperty("message", expect.stringContaining("200 ms"));
    await until("the socket is closed", () => silent.open.size === 0);
  });

  test("throws an error of its own when the server speaks something else than gRPC", async () => {
    await listen(
      createHttpServer((_request, response) => response.end("hello")),
      at("http.sock"),
    );
    const error = await failure(at("http.sock"));
    expect(error).toHaveProperty("name", expect.stringMatching(/Error$/));
    expect(error).toHaveProperty("code", expect.stringMatching(/^(unavailable|internal|unknown)$/));
  });

  test("throws UnsupportedError when gRPC is spoken there and CRI is not", async () => {
    const { path } = await served("other.sock", {});
    expect(await failure(path)).toBeInstanceOf(UnsupportedError);
  });

  test("refuses a runtime that leaves out a part of its version", async () => {
    const { path } = await served("odd.sock", {
      version: () => ({ runtimeName: "odd", runtimeVersion: "1" }),
    });
    const error = await failure(path);
    expect(error).toMatchObject({ code: "internal", rpc: "Version" });
    expect(error).toHaveProperty("message", expect.stringContaining("version, runtimeApiVersion"));
  });

  test("throws the signal's own reason, before it begins and while it waits", async () => {
    const silent = await listen(createServer(), at("silent.sock"));
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const connecting = failure(at("silent.sock"), { options: { signal: controller.signal } });
    await until("it has dialled", () => silent.open.size > 0);
    controller.abort(reason);
    expect(await connecting).toBe(reason);
    expect(await failure(at("silent.sock"), { options: { signal: controller.signal } })).toBe(reason);
    await until("the socket is closed", () => silent.open.size === 0);
  });

  test("`imageEndpoint` is proved by an RPC and serves `cri.image`; a dead one closes the other", async () => {
    const runtime = await served("a.sock", versionOf("first"));
    const images = await served(
      "images.sock",
      {},
      { imageFsInfo: () => ({}), listImages: () => ({ images: [{ id: "i" }] }) },
    );
    const cri = await connectAt(runtime.endpoint, { options: { imageEndpoint: images.endpoint } });
    expect(cri.imageEndpoint).toBe(images.endpoint);
    expect((await cri.image.listImages({})).images).toHaveLength(1);
    await expect(cri.runtime.status({})).rejects.toBeInstanceOf(UnsupportedError);
    cri.close();
    await cri.closed;
    await untilIdle(runtime, images);

    const error = await failure(runtime.endpoint, { options: { imageEndpoint: at("none.sock") } });
    expect(error).toBeInstanceOf(NotRunningError);
    await untilIdle(runtime);
  });

  test("`callTimeoutMs` is the deadline of later calls", async () => {
    const never = () => new Promise<never>(() => {});
    const { path } = await served("slow.sock", { ...versionOf("slow"), status: never });
    const cri = await connectAt(path, { options: { callTimeoutMs: 100 } });
    await expect(cri.info()).rejects.toBeInstanceOf(DeadlineError);
  });

  test("disposing of the client hangs up, twice is once, and calls then fail with the code closed", async () => {
    const server = await served("a.sock", versionOf("first"));
    const cri = await connectAt(server.path);
    await cri[Symbol.asyncDispose]();
    await cri[Symbol.asyncDispose]();
    cri.close();
    await untilIdle(server);
    await expect(cri.pods.list()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("connect without an endpoint", () => {
  test("prefers the variables to crictl's file, and that to the known sockets", async () => {
    const [variable, file, socket] = [
      await served("variable.sock", versionOf("variable")),
      await served("file.sock", versionOf("file")),
      await served("known.sock", versionOf("known")),
    ];
    const where = { known: known("known.sock") };
    expect((await connectAt(undefined, where)).endpoint).toBe(socket.endpoint);
    await writeFile(at("crictl.yaml"), `runtime-endpoint: ${file.endpoint}\n`);
    expect((await connectAt(undefined, where)).endpoint).toBe(file.endpoint);
    const env = { CONTAINER_RUNTIME_ENDPOINT: variable.path };
    expect((await connectAt(undefined, { ...where, env })).endpoint).toBe(variable.endpoint);
  });

  test("takes the image endpoint from the variable, else from the file", async () => {
    const runtime = await served("a.sock", versionOf("first"));
    const one = await served("one.sock", {}, { imageFsInfo: () => ({}) });
    const two = await served("two.sock", {}, { imageFsInfo: () => ({}) });
    await writeFile(
      at("crictl.yaml"),
      `runtime-endpoint: ${runtime.endpoint}\nimage-endpoint: ${one.endpoint}\n`,
    );
    expect((await connectAt(undefined)).imageEndpoint).toBe(one.endpoint);
    const env = { IMAGE_SERVICE_ENDPOINT: two.endpoint };
    expect((await connectAt(undefined, { env })).imageEndpoint).toBe(two.endpoint);
  });

  test("takes the timeout of crictl's file as the deadline of calls", async () => {
    const never = () => new Promise<never>(() => {});
    const { endpoint } = await served("slow.sock", { ...versionOf("slow"), status: never });
    await writeFile(at("own.yaml"), `runtime-endpoint: ${endpoint}\ntimeout: 0.1\ndebug: true\n`);
    const cri = await connectAt(undefined, { env: { CRI_CONFIG_FILE: at("own.yaml") } });
    await expect(cri.info()).rejects.toThrow(/within 100 ms/);
  });

  test("takes the first known socket that answers, whichever answers soonest, and closes the others", async () => {
    let letFirstAnswer: () => void = () => {};
    const mayAnswer = new Promise<void>((resolve) => {
      letFirstAnswer = resolve;
    });
    const first = await served("first.sock", {
      version: async () => {
        await mayAnswer;
        return { version: "1", runtimeName: "first", runtimeVersion: "1", runtimeApiVersion: "v1" };
      },
    });
    const second = await served("second.sock", {
      version: () => {
        letFirstAnswer();
        return { version: "1", runtimeName: "second", runtimeVersion: "1", runtimeApiVersion: "v1" };
      },
    });
    const cri = await connectAt(undefined, { known: known("none.sock", "first.sock", "second.sock") });
    expect(cri.version.runtimeName).toBe("first");
    expect(first.sessions()).toBe(1);
    await untilIdle(second);
  });

  test("throws one error that lists each address with its reason and mend", async () => {
    await leaveStaleSocket(at("stale.sock"));
    let answered = false;
    const other = await served("other.sock", {
      version() {
        answered = true;
        throw new ConnectError("no CRI", Code.Unimplemented);
      },
    });
    const silent = await listen(createServer(), at("silent.sock"));
    using clock = holdClock();
    const failing = failure(undefined, {
      known: known("none.sock", "stale.sock", "other.sock", "silent.sock"),
      options: { timeoutMs: 300 },
    });
    await until("only the silent one is waited for", () => answered && other.sessions() === 0);
    expect(silent.open.size).toBe(1);
    await clock.pass(300);
    const error = await failing;
    expect(error).toBeInstanceOf(NoEndpointError);
    if (!(error instanceof NoEndpointError)) return;
    expect(error.code).toBe("no_endpoint");
    expect(error.attempts.map(({ endpoint, code }) => [endpoint, code])).toEqual([
      [`unix://${at("none.sock")}`, "not_running"],
      [`unix://${at("stale.sock")}`, "stale_socket"],
      [`unix://${at("other.sock")}`, "unsupported"],
      [`unix://${at("silent.sock")}`, "deadline_exceeded"],
    ]);
    for (const { endpoint, reason, mend } of error.attempts) {
      expect(error.message).toContain(`${endpoint} (`);
      expect(error.message).toContain(`${reason}; ${mend}`);
    }
    expect(error.message).toContain("CONTAINER_RUNTIME_ENDPOINT");
  });

  test("says where the address of a dead runtime comes from", async () => {
    const env = { CONTAINER_RUNTIME_ENDPOINT: at("none.sock") };
    const error = await failure(undefined, { env });
    expect(error).toBeInstanceOf(NoEndpointError);
    expect(error).toMatchObject({
      attempts: [{ source: "CONTAINER_RUNTIME_ENDPOINT", code: "not_running" }],
    });
    const bad = await failure(undefined, { env: { CONTAINER_RUNTIME_ENDPOINT: "tcp://1.2.3.4:5" } });
    expect(bad).toBeInstanceOf(InvalidArgumentError);
    expect(bad).toHaveProperty("message", expect.stringContaining("CONTAINER_RUNTIME_ENDPOINT"));
  });

  test.each([
    ["is no YAML", "a: [", /not YAML/],
    ["is no mapping", "- a\n- b\n", /one mapping/],
    ["has a number for an endpoint", "runtime-endpoint: 7\n", /runtime-endpoint .*must be text/],
    ["has a text for the timeout", "timeout: soon\n", /timeout .*number of seconds/],
    ["has a timeout below 0", "timeout: -1\n", /timeout .*number of seconds/],
    ["has an endpoint on TCP", "runtime-endpoint: tcp://1.2.3.4:5\n", /unix socket.*runtime-endpoint/],
  ])("refuses a crictl.yaml that %s, naming it", async (_what, text, message) => {
    await writeFile(at("crictl.yaml"), text);
    const error = await failure(undefined);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toHaveProperty("message", expect.stringMatching(message));
    expect(error).toHaveProperty("message", expect.stringContaining(at("crictl.yaml")));
  });

  test("takes an empty crictl.yaml as none, and a missing one that CRI_CONFIG_FILE names as an error", async () => {
    const { endpoint } = await served("known.sock", versionOf("known"));
    await writeFile(at("crictl.yaml"), "");
    expect((await connectAt(undefined, { known: known("known.sock") })).endpoint).toBe(endpoint);
    const error = await failure(undefined, { env: { CRI_CONFIG_FILE: at("missing.yaml") } });
    expect(error).toHaveProperty("message", expect.stringContaining(at("missing.yaml")));
    expect(error).toHaveProperty("message", expect.stringContaining("CRI_CONFIG_FILE"));
  });
});

async function untilIdle(...servers: Served[]): Promise<void> {
  await until("nobody is connected", () => servers.every((server) => server.sessions() === 0));
}

/** What a runtime leaves behind that is killed: a socket file of no process. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
}

async function listen(server: Server, path: string): Promise<{ open: Set<Socket> }> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  opened.push({
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { open };
}

/** Root may open every socket, so root becomes somebody else for as long as it takes. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
