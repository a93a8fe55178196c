import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { fluentReceiverPath } from "../left-out.js";

/** What the receiver has taken of one line. */
export interface Received {
  readonly timeNs: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** OpenTelemetry's receiver of Fluentd's forward protocol, which comes and goes at one address. */
export class FluentReceiver implements AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  /** What all that were started have taken so far. */
  readonly received: Received[] = [];
  #stop: (() => Promise<void>) | undefined;

  private constructor(address: string) {
    this.address = address;
  }

  static async start(): Promise<FluentReceiver> {
    const receiver = new FluentReceiver(`127.0.0.1:${await freePort()}`);
    receiver.start();
    return receiver;
  }

  /** Clients that come before it listens try again. */
  start(): void {
    const child = spawn(fluentReceiverPath, [this.address], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.received.push(...lines.map((line) => JSON.parse(line)));
    });
    this.#stop = async () => {
      child.kill("SIGKILL");
      await ended;
    };
  }

  async kill(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** The kernel gives it to nobody else for a while. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
