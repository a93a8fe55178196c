// What a program does with the package, one step after the other, on whatever runs it. Prints each step with `ok`, or
// with what went wrong: the others go on.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { CriError, connect, diagnosticsChannels, NotRunningError, type RpcDiagnostics } from "crikit";
import { messageToJson } from "crikit/proto";
import { startFakeRuntime } from "crikit/testing";

const [endpoint = "", logRoot = ""] = process.argv.slice(2);

type Step = [name: string, work: () => Promise<void>];

function check(what: unknown, wanted: unknown): void {
  if (JSON.stringify(what) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(what)}`);
}

async function withWeb(work: (things: Things) => Promise<void>): Promise<void> {
  await using cri = await connect(endpoint, { logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  await using web = await pod.runContainer({
    metadata: { name: "web" },
    image: { image: "app:test" },
    command: ["serve"],
  });
  await work({ cri, pod, web });
}

interface Things {
  cri: Awaited<ReturnType<typeof connect>>;
  pod: Awaited<ReturnType<Things["cri"]["pods"]["run"]>>;
  web: Awaited<ReturnType<Things["pod"]["runContainer"]>>;
}

const steps: Step[] = [
  [
    "connect, run, list, dispose (await using)",
    () =>
      withWeb(async ({ cri, pod, web }) => {
        check((await cri.pods.list()).map(({ id }) => id).includes(pod.id), true);
        check(
          (await cri.containers.list({ pod: pod.id })).map(({ id }) => id),
          [web.id],
        );
        check(messageToJson((await web.status()).raw).status !== undefined, true);
      }),
  ],
  [
    "an error of the runtime, and of a socket that is not there",
    () =>
      withWeb(async ({ cri }) => {
        check(await codeOf(cri.containers.get("none").status()), "not_found");
        const missing = await connect("unix:///nowhere/cri.sock").catch((thrown) => thrown);
        check([missing instanceof NotRunningError, missing.code], [true, "not_running"]);
      }),
  ],
  [
    "deadline and abort",
    () =>
      withWeb(async ({ cri }) => {
        check(await codeOf(drain(cri.events({ timeoutMs: 200 }))), "deadline_exceeded");
        const reason = new Error("enough");
        const controller = new AbortController();
        setTimeout(() => controller.abort(reason), 100);
        check((await codeOf(drain(cri.events({ signal: controller.signal })))) === reason, true);
      }),
  ],
  ["exec", () => withWeb(async ({ web }) => check((await web.exec(["id", "-u"])).stdout, "0\n"))],
  [
    "watch",
    () =>
      withWeb(async ({ cri, pod }) => {
        const seen: (string | undefined)[] = [];
        for await (const change of cri.watch()) {
          if (change.type !== "synced") seen.push(change.object.id);
          else break;
        }
        check(seen.includes(pod.id), true);
      }),
  ],
  [
    "logs",
    () =>
      withWeb(async ({ web }) => {
        for await (const { text } of web.logs({ follow: true })) {
          check(text, "ready");
          break;
        }
      }),
  ],
  [
    "spawn with an input that ends",
    () =>
      withWeb(async ({ web }) => {
        await using session = await web.spawn(["cat"], { stdin: true });
        session.stdin.end("hello");
        let text = "";
        for await (const chunk of session.stdout) text += chunk;
        check([text, (await session.exited).exitCode], ["hello", 3]);
      }),
  ],
  [
    "spawn by WebSocket",
    async () => {
      await using cri = await connect(endpoint, { logRoot, streaming: { transport: "websocket" } });
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "app:test" } });
      await using session = await web.spawn(["cat"], { stdin: true });
      session.stdin.end("hello");
      let text = "";
      for await (const chunk of session.stdout) text += chunk;
      check([text, (await session.exited).exitCode], ["hello", 3]);
    },
  ],
  [
    "port-forward",
    () =>
      withWeb(async ({ pod }) => {
        const connection = await pod.connect(80);
        let text = "";
        for await (const chunk of connection) text += chunk;
        check(text, "bye");
      }),
  ],
  [
    "diagnostics channels",
    () =>
      withWeb(async ({ cri }) => {
        const told: unknown[] = [];
        const name = `tracing:${diagnosticsChannels.rpc}:asyncEnd`;
        const hear = (call: unknown) => void told.push(call);
        subscribe(name, hear);
        await cri.info();
        await cri.images.list();
        unsubscribe(name, hear);
        check(
          told.map((call) => (call as RpcDiagnostics).rpc),
          ["Status", "StreamImages"],
        );
      }),
  ],
  [
    "a fake runtime of its own",
    async () => {
      await using fake = await startFakeRuntime({ images: ["app:test"] });
      await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      check(
        (await cri.pods.list()).map(({ id }) => id),
        [pod.id],
      );
    },
  ],
];

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error) => (error instanceof CriError ? error.code : error));
}

async function drain(items: AsyncIterable<unknown>): Promise<unknown> {
  for await (const _ of items);
  return undefined;
}

/** A step that hangs is one that does not work. */
async function inTime(work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("not done within 10 s")), 10_000);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function main(): Promise<void> {
  for (const [name, work] of steps) {
    const result = await inTime(work).then(
      () => "ok",
      (error) => `${error?.name}: ${error?.message}`.split("\n")[0],
    );
    console.log(JSON.stringify([name, result]));
  }
  process.exit();
}

void main();
