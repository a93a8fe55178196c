import type { CriClient } from "../../src/index.js";
import { startContainerd } from "../../test/support/containerd.js";
import { installedPackage } from "./installed.js";

/** A runtime with an image to make containers of. */
export interface Place {
  /** What a row says of where it was measured; nothing for the bundled runtime. */
  readonly suffix: string;
  readonly endpoint: string;
  readonly cri: CriClient;
  readonly image: string;
}

const busyboxName = "bench/busybox:1";

/** The bundled runtime with an image of busybox, for as long as `work` takes. */
export async function inBundledRuntime(work: (place: Place) => Promise<void>): Promise<void> {
  const { connect, startRuntime, busyboxImage } = await installedPackage();
  await using runtime = await startRuntime({ logLevel: "warn" });
  const image = busyboxName;
  await runtime.importImage({ ref: image, ...(await busyboxImage()) });
  await using cri = await connect(runtime.endpoint);
  await work({ suffix: "", endpoint: runtime.endpoint, cri, image });
}

/** The bundled runtime and a private containerd, as `inBundledRuntime`. */
export async function inBothRuntimes(work: (places: Place[]) => Promise<void>): Promise<void> {
  const { connect, startRuntime, busyboxImage, serveRegistry } = await installedPackage();
  await using registry = await serveRegistry([{ ref: busyboxName, ...(await busyboxImage()) }]);
  await using own = await startRuntime({ logLevel: "warn" });
  await using other = await startContainerd();
  await using crikit = await connect(own.endpoint);
  await using containerd = await connect(other.endpoint);
  const image = registry.ref(busyboxName);
  for (const cri of [crikit, containerd]) await cri.images.pull(image);
  await work([
    { suffix: "", endpoint: own.endpoint, cri: crikit, image },
    { suffix: ", on containerd 1.6", endpoint: other.endpoint, cri: containerd, image },
  ]);
}
