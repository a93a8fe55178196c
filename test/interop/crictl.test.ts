import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, connect, type OwnedContainer, type OwnedPod } from "crikit";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crictlPath, leftOut } from "../left-out.js";
import { crictlFlags, runCrictl } from "../support/crictl.js";
import { until } from "../support/until.js";

const image = "crikit.test/busybox:1";
const script = [
  "mkdir /www; head -c 5000000 /dev/zero > /www/big; httpd -p 80 -h /www",
  "while read -r line; do echo got $line; done; exit 5",
].join("; ");

describe.skipIf(leftOut.crictl)("crictl on the bundled runtime", () => {
  let runtime: RuntimeHandle;
  let cri: CriClient;
  let logs: string;
  let pod: OwnedPod;
  let container: OwnedContainer;

  beforeAll(async () => {
    runtime = await startRuntime();
    await runtime.importImage({ ref: image, ...(await busyboxImage()) });
    cri = await connect(runtime.endpoint);
    logs = await mkdtemp(join(tmpdir(), "crikit-test-"));
    pod = await cri.pods.run({ metadata: { name: "crictl" }, logDirectory: logs });
    const config = {
      metadata: { name: "main" },
      image: { image },
      command: ["sh", "-c", script],
      stdin: true,
    };
    container = await pod.runContainer(config);
  });

  afterAll(async () => {
    cri?.close();
    await runtime?.[Symbol.asyncDispose]();
    if (logs) await rm(logs, { recursive: true, force: true });
  });

  const flags = (args: readonly string[]) => crictlFlags(runtime.endpoint, args);
  const crictl = (args: readonly string[], input?: string | Buffer) =>
    runCrictl(runtime.endpoint, args, input);

  /** As a person does it. crictl is on a terminal, and what is typed comes once there is something to answer. */
  async function inTerminal(args: readonly string[], typed: readonly [after: string, line: string][]) {
    const command = `stty rows 30 cols 101; exec ${crictlPath} ${flags(args).join(" ")}`;
    const child = spawn("script", ["-qfec", command, "/dev/null"], {
      env: { ...process.env, SHELL: "/bin/sh" },
    });
    let screen = "";
    child.stdout.on("data", (chunk) => {
      screen += chunk;
    });
    for (const [after, line] of typed) {
      await until(`the screen shows ${after}`, () => screen.includes(after));
      child.stdin.write(`${line}\n`);
    }
    const [exitCode] = await once(child, "close");
    return { screen, exitCode };
  }

  describe.each(["spdy", "websocket"])("by %s", (transport) => {
    const exec = (...args: string[]) => ["exec", "--transport", transport, ...args];

    it("execs with both outputs and the exit code", async () => {
      const { out, err, exitCode } = await crictl(
        exec(container.id, "sh", "-c", "echo out; echo err >&2; exit 3"),
      );
      expect(out).toBe("out\n");
      expect(err).toMatch(/^err$/m);
      expect(err).toContain("exit code 3");
      expect(exitCode).toBe(1);
    });

    it("is told why a command cannot be run", async () => {
      expect((await crictl(exec(container.id, "no-such-command"))).err).toMatch(/no-such-command.*not found/);
    });

    it("sends input to its end, and gets megabytes back", async () => {
      expect((await crictl(exec("-i", container.id, "cat"), "hello\n")).out).toBe("hello\n");
      expect((await crictl(exec("-i", container.id, "wc", "-c"), Buffer.alloc(20_000_000))).out).toBe(
        "20000000\n",
      );
      expect((await crictl(exec(container.id, "cat", "/www/big"))).out.length).toBe(5_000_000);
    });

    it("has a terminal of its own size", async () => {
      const { screen } = await inTerminal(exec("-it", container.id, "sh"), [
        ["# ", "sleep 0.5; tty; stty size; echo $((40+2))"],
        ["42", "exit"],
      ]);
      expect(screen).toContain("/dev/pts/0");
      expect(screen).toContain("30 101");
    });

    it("attaches", async () => {
      expect((await crictl(["attach", "--transport", transport, "-i", container.id], "one\n")).out).toBe(
        "got one\n",
      );
    });

    it("forwards a port, for several connections", async () => {
      const child = spawn(crictlPath, flags(["port-forward", "--transport", transport, pod.id, ":80"]), {
        stdio: "pipe",
      });
      try {
        const port = await forwardedPort(child);
        for (let round = 0; round < 5; round += 1) {
          const response = await fetch(`http://127.0.0.1:${port}/big`, { headers: { connection: "close" } });
          expect((await response.arrayBuffer()).byteLength).toBe(5_000_000);
        }
      } finally {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    });
  });

  it("is told what happens", async () => {
    const child = spawn(crictlPath, flags(["events", "-o", "json"]), { stdio: "pipe" });
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    try {
      // Nothing shows when crictl has begun to listen, but an event.
      await until("a pod's whole life is told", async () => {
        await using short = await cri.pods.run({ metadata: { name: "short" }, logDirectory: logs });
        await short.stop();
        await short.remove();
        return /CREATED.*STARTED.*STOPPED.*DELETED/s.test(said);
      });
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });

  it("reads metrics whose labels are those of their descriptors", async () => {
    const { descriptors } = JSON.parse((await crictl(["metricdescs"])).out);
    const { podMetrics } = JSON.parse((await crictl(["metricsp"])).out);
    const [found] = podMetrics.filter(
      ({ podSandboxId }: { podSandboxId: string }) => podSandboxId === pod.id,
    );
    expect(found.containerMetrics[0].containerId).toBe(container.id);
    for (const { name, labelValues } of [...found.metrics, ...found.containerMetrics[0].metrics]) {
      const { labelKeys } = descriptors.find((descriptor: { name: string }) => descriptor.name === name);
      expect(labelValues.length, name).toBe(labelKeys.length);
    }
  });

  it("lists and inspects what it works on", async () => {
    const listed = JSON.parse((await crictl(["ps", "-o", "json"])).out);
    expect(listed.containers.map(({ id }: { id: string }) => id)).toEqual([container.id]);
    expect(JSON.parse((await crictl(["inspectp", pod.id])).out).status.metadata.name).toBe("crictl");
  });
});

async function forwardedPort(child: ChildProcess): Promise<string> {
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  await until("crictl forwards", () => /127\.0\.0\.1:\d+ -> 80/.test(said));
  return /127\.0\.0\.1:(\d+) -> 80/.exec(said)?.[1] ?? "";
}
