/**
 * Ships what all containers write to Fluentd, Fluent Bit or an OpenTelemetry collector, by Fluentd's forward protocol.
 * Each line gets there at least once, over rotated logs and restarts of the runtime, the receiver and the shipper:
 * what the receiver has acknowledged is kept in a file, and the shipper begins behind it.
 *
 *   npm install @fluent-org/logger
 *   npx tsx examples/log-shipper/main.ts --to 127.0.0.1:24224 --state /var/lib/log-shipper/positions.json
 *
 * In a DaemonSet HOST_ROOT says where the node's root is mounted.
 */
import { parseArgs } from "node:util";
import { FluentClient, FluentSocketEvent } from "@fluent-org/logger";
import { CriError, connect, type ListedContainer } from "crikit";
import { Positions } from "./positions.js";
import { shipLog } from "./ship-log.js";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<void> {
  const { to, state } = parseArgs({
    options: { to: { type: "string", default: "127.0.0.1:24224" }, state: { type: "string" } },
  }).values;
  if (!state) throw new Error("Usage: log-shipper --state FILE [--to HOST:PORT]");
  const positions = await Positions.load(state);
  await positions.save(); // says now, and not after the first lines, where it cannot
  await using cri = await connect(undefined, { hostRoot: process.env.HOST_ROOT, signal });
  const receiver = connectReceiver(to);
  const saving = setInterval(() => positions.save().catch(complain), 1000);
  const shipping = new Map<string, Promise<void>>();
  const podNames = new Map<string, string>();

  const start = (container: ListedContainer) => {
    const { id, listed } = container;
    const [namespace, pod] = (podNames.get(listed.podId) ?? "/").split("/");
    const facts = { namespace, pod, container: listed.metadata.name, attempt: listed.metadata.attempt };
    return shipLog(container, { facts, receiver, positions, signal }).catch((error) => {
      if (!signal.aborted) complain(error, `The log of ${id} is not shipped`);
    });
  };

  try {
    for await (const change of cri.watch({ signal })) {
      if (change.type === "synced") {
        positions.keepOnly(shipping);
        continue;
      }
      const { id } = change.object;
      if (change.kind === "pod") {
        const { namespace, name } = change.object.listed.metadata;
        podNames.set(id, `${namespace}/${name}`);
      } else if (change.type !== "removed") {
        if (!shipping.has(id)) shipping.set(id, start(change.object));
      } else {
        const end = shipping.get(id);
        shipping.delete(id);
        void end?.then(() => positions.forget(id)); // its last lines may still be on the way
      }
    }
  } finally {
    clearInterval(saving);
    await Promise.all(shipping.values());
    await receiver.shutdown(); // what is not acknowledged comes again next time
    await positions.save();
  }
}

function connectReceiver(to: string): FluentClient {
  const [, host = to, port = "24224"] = /^(.*):(\d+)$/.exec(to) ?? [];
  const receiver = new FluentClient("containers", {
    socket: { host, port: Number(port), timeout: -1, reconnect: { maxDelay: 10_000 } },
    ack: { ackTimeout: 10_000 },
    eventRetry: { attempts: Number.POSITIVE_INFINITY, maxDelay: 10_000 },
    flushInterval: 100,
    disconnect: { waitForPending: true, waitForPendingDelay: 2000 },
  });
  receiver.socketOn(FluentSocketEvent.ERROR, (error: unknown) =>
    complain(error, `The receiver ${to} is tried again`),
  );
  return receiver;
}

function complain(error: unknown, what = "Failed"): void {
  const code = error instanceof CriError ? ` (${error.code})` : "";
  console.error(`${what}: ${error instanceof Error ? error.message : error}${code}`);
}

main().catch((error) => {
  if (signal.aborted) return;
  complain(error);
  process.exitCode = 1;
});
