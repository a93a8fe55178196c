import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { Rollback } from "../../../src/async/rollback.js";
import { imageSourceAnnotation } from "../../../src/image-source.js";
import { createRuntime, purgeRuntime, type Runtime, type RuntimeConfig } from "../../../src/runtime/index.js";
import { createLogger } from "../../../src/runtime/log.js";
import { createImageClient } from "../../../src/services/image-client.js";
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { claimNetwork } from "../../../src/testing/network-claim.js";
import { temporaryDirectory } from "../../../src/testing/temporary-directory.js";
import { openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import { findLeaks } from "../../support/leaks.js";
import type { Served } from "./served.js";
import { type Stock, startStock } from "./stock.js";

export const busybox = "crikit.test/busybox:1";

/** A runtime in this process, on a temporary directory and a network of its own. */
export interface TestRuntime extends Served {
  readonly config: RuntimeConfig;
  /** What was logged, a JSON line each. */
  readonly log: readonly string[];
  /** Has the daemon take up another configuration, laid over the one it was started with. */
  reload(more: Partial<RuntimeConfig>): Promise<void>;
  /**
   * Closes the daemon, and starts another one on the same directories after what is done meanwhile; with another
   * configuration laid over the one before if it is given.
   */
  restart(meanwhile?: () => Promise<void>, more?: Partial<RuntimeConfig>): Promise<void>;
  /**
   * Removes all pods and gives what is then held for them still; closes, purges, and gives what is left of it all.
   * All of that is to be nothing.
   */
  end(): Promise<string[]>;
}

export async function startTestRuntime(overrides: Partial<RuntimeConfig> = {}): Promise<TestRuntime> {
  const directory = join(temporaryDirectory(), `crikit-${randomBytes(4).toString("hex")}`);
  const undo = new Rollback();
  const network = await claimNetwork(directory);
  undo.add("give the network back", () => network.release());
  await mkdir(directory, { mode: 0o711 });
  undo.add("remove the directory", () => rm(directory, { recursive: true, force: true }));
  const endpoint = `unix://${directory}/cri.sock`;
  const given = {
    listen: endpoint,
    root: join(directory, "root"),
    state: join(directory, "state"),
    bridge: network.bridge,
    subnet: network.subnet,
    ...overrides,
  };
  const log: string[] = [];
  const logger = createLogger("debug", (line) => log.push(line));
  undo.add("purge", () => purgeRuntime(given, { log: logger }));
  const connection = openConnection(parseEndpoint(endpoint));
  undo.add("close the connection", () => connection.close());
  let daemon: Runtime | undefined;
  undo.add("close the daemon", () => daemon?.close());
  const start = async (more: Partial<RuntimeConfig> = {}) => {
    daemon = createRuntime({ ...given, ...more }, { log: logger });
    await daemon.listen();
  };
  const served = {
    directory,
    runtime: createRuntimeClient(connection),
    images: createImageClient(connection),
  };
  const { bridge, subnet } = network;
  let stock: Stock;
  try {
    await start();
    stock = await startStock(served, network, () => process.pid);
  } catch (error) {
    await undo.run();
    throw error;
  }
  return {
    ...served,
    config: { ...given } as RuntimeConfig,
    log,
    async reload(more) {
      await daemon?.reload({ ...given, ...more });
    },
    async restart(meanwhile, more) {
      await daemon?.close();
      await meanwhile?.();
      await start(more);
    },
    async end() {
      const leaked = await stock.leaked();
      const failures = await undo.run();
      const left = await findLeaks({ directory, network: { bridge, subnet } });
      return [...leaked, ...failures.map(({ description, error }) => `${description}: ${error}`), ...left];
    },
  };
}

/** Brings in an image with a shell, made from the host's busybox. */
export async function pullBusybox({ directory, images }: Served): Promise<void> {
  const { files, defaults } = await busyboxImage();
  const layout = join(directory, "busybox");
  await writeLayout(layout, files, defaults);
  await images.pullImage({
    image: { image: busybox, annotations: { [imageSourceAnnotation]: `oci:${layout}` } },
  });
}
