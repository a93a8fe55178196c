import { spawn } from "node:child_process";
import { on } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(
  new URL("../../.cache/test-programs/cri-client-bench/v0.37.2/cri-client-bench", import.meta.url),
);

/** Kubelet's client, in a process of its own that calls when told to and takes the time itself. */
export interface GoClient {
  /** Resolves to the milliseconds that so many calls took. */
  call(what: "version" | "list" | "stream", times: number, width?: number): Promise<number>;
  close(): void;
}

export function startGoClient(path: string): GoClient {
  const client = spawn(program, [path], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = on(createInterface(client.stdout), "line", { close: ["close"] });
  return {
    async call(what, times, width = 1) {
      client.stdin.write(`${what} ${times} ${width}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${program} has ended`);
      return Number(value[0]) / 1000;
    },
    close: () => client.stdin.end(),
  };
}
