import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container, Pod } from "../../src/index.js";
import type { Place } from "./places.js";

/** A running container to measure with. */
export interface BenchContainer {
  readonly pod: Pod;
  readonly container: Container;
  /** For what the benchmark writes beside; the pod's logs lie in it. */
  readonly directory: string;
  readonly logPath: string;
}

/** A pod with one container that runs a command, for as long as `work` takes. */
export async function inContainer<T>(
  { cri, image }: Place,
  command: string[],
  work: (made: BenchContainer) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-bench-"));
  try {
    await using pod = await cri.pods.run({ metadata: { name: "bench" }, logDirectory: directory });
    const logPath = "main.log";
    const container = await pod.runContainer({
      metadata: { name: "main" },
      image: { image },
      command,
      logPath,
    });
    return await work({ pod, container, directory, logPath: join(directory, logPath) });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
