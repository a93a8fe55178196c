import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "./until.js";

/** What runs examples/NAME on the built package, as a user with `npx tsx` does; for a shell too. */
export const exampleCommand = (name: string): [string, ...string[]] => [
  process.execPath,
  "--import",
  "tsx",
  `examples/${name}`,
];

export interface ExampleOptions {
  /** Of the runtime that it finds by itself. */
  endpoint?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** What runs instead, the example below it: for one that needs a terminal. */
  command?: readonly [string, ...string[]] | undefined;
}

/** An example that runs, and what it has printed so far. */
export class RunningExample implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** Gives the exit code once all is printed. */
  readonly exited: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(name: string, args: readonly string[], { endpoint, env, command }: ExampleOptions = {}) {
    const [program, ...rest] = command ?? [...exampleCommand(name), ...args];
    const runtime = endpoint === undefined ? {} : { CONTAINER_RUNTIME_ENDPOINT: endpoint };
    this.child = spawn(program, rest, {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: {
        ...process.env,
        ...runtime,
        ...env,
        TSX_TSCONFIG_PATH: "examples/tsconfig.json",
        SHELL: "/bin/sh",
      },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.exited = once(this.child, "close").then(([exitCode]) => exitCode);
  }

  /** Waits until it has printed that. */
  async shows(pattern: string | RegExp): Promise<void> {
    const isSo = () =>
      typeof pattern === "string" ? this.stdout.includes(pattern) : pattern.test(this.stdout);
    const end = this.exited.then((exitCode) => {
      if (isSo()) return;
      throw new Error(`It ended with ${exitCode} and did not show ${pattern}:\n${this.stdout}${this.stderr}`);
    });
    await Promise.race([until(`it shows ${pattern}`, isSo), end]);
  }

  async interrupt(signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
  }
}

/** Runs it to its end. */
export async function runExample(name: string, args: readonly string[], options: ExampleOptions = {}) {
  await using example = new RunningExample(name, args, options);
  const exitCode = await example.exited;
  return { exitCode, stdout: example.stdout, stderr: example.stderr };
}
