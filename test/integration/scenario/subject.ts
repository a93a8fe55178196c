import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ContainerConfig,
  type CriClient,
  connect,
  type OwnedContainer,
  type OwnedPod,
  type PodConfig,
} from "crikit";
import { busyboxImage, type Registry, serveRegistry } from "crikit/testing";
import type { Behaviour } from "./behaviour.js";

/** The runtime that the scenarios run on, with what they need around it. */
export interface Subject extends AsyncDisposable {
  readonly cri: CriClient;
  readonly behaviour: Behaviour;
  readonly registry: Registry;
  /** An image with a shell that the runtime has pulled. */
  readonly image: string;
  runPod(name: string, labels?: Record<string, string>, config?: Partial<PodConfig>): Promise<OwnedPod>;
  /** A container in the pod that runs `script` in a shell. */
  runScript(pod: OwnedPod, script: string, config?: Partial<ContainerConfig>): Promise<OwnedContainer>;
}

export async function openSubject(
  runtime: { readonly endpoint: string } & AsyncDisposable,
  behaviourOf: (version: string) => Behaviour,
): Promise<Subject> {
  const logs = await mkdtemp(join(tmpdir(), "crikit-test-"));
  const busybox = await busyboxImage();
  const other = { files: { "/other": "another image\n" }, defaults: { created: new Date() } };
  const registry = await serveRegistry([
    { ref: "demo/busybox:1", files: busybox.files, defaults: { ...busybox.defaults, created: new Date(0) } },
    { ref: "demo/other:1", ...other },
    { ref: "demo/other:2", ...other },
  ]);
  const cri = await connect(runtime.endpoint);
  const image = registry.ref("demo/busybox:1");
  await cri.images.pull(image);
  return {
    cri,
    behaviour: behaviourOf(cri.version.runtimeVersion),
    registry,
    image,
    runPod: (name, labels = {}, config = {}) => {
      const logDirectory = join(logs, `${name}-${Date.now()}`);
      return cri.pods.run({ metadata: { name }, labels, logDirectory, ...config });
    },
    runScript: (pod, script, config = {}) =>
      pod.runContainer({
        metadata: { name: "main" },
        image: { image },
        command: ["sh", "-c", script],
        ...config,
      }),
    [Symbol.asyncDispose]: async () => {
      await cri[Symbol.asyncDispose]();
      await registry.close();
      await runtime[Symbol.asyncDispose]();
      await rm(logs, { recursive: true, force: true });
    },
  };
}
