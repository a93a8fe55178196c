import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, connect, type OwnedContainer, type OwnedPod } from "crikit";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { vi } from "vitest";

// Each example is a Node of its own that starts, for several seconds where the machine is loaded.
vi.setConfig({ testTimeout: 90_000 });

/** The one image of the labs. */
export const image = "crikit.test/busybox:1";

/** A runtime for examples to work on, with a client that gives them something to see. */
export interface Lab extends AsyncDisposable {
  readonly runtime: RuntimeHandle;
  readonly endpoint: string;
  readonly cri: CriClient;
  /** For files that come and go with the lab. */
  readonly directory: string;
  runPod(name: string): Promise<OwnedPod>;
}

export async function startLab(): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-examples-"));
  const runtime = await startRuntime();
  await runtime.importImage({ ref: image, ...(await busyboxImage()) });
  const cri = await connect(runtime.endpoint, { logRoot: join(directory, "logs") });
  return {
    runtime,
    endpoint: runtime.endpoint,
    cri,
    directory,
    runPod: (name) => cri.pods.run({ metadata: { name } }),
    async [Symbol.asyncDispose]() {
      cri.close();
      await runtime[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A container that runs a script, until it is told to end unless the script ends before. */
export function runScript(
  pod: OwnedPod,
  name: string,
  script = "sleep infinity & wait",
): Promise<OwnedContainer> {
  return pod.runContainer({
    metadata: { name },
    image: { image },
    command: ["sh", "-c", `trap 'exit 0' TERM; ${script}`],
  });
}
