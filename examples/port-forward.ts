/**
 * Ports of a pod on this machine, until Ctrl-C.
 *
 *   npx tsx examples/port-forward.ts POD 8080:80   127.0.0.1:8080 leads to port 80 of the pod
 *   npx tsx examples/port-forward.ts POD 80 443    free ports of this machine, which it prints
 *
 * POD is the name of one that is ready, or the beginning of its ID.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { type CriClient, connect, type ListedPod, type PortForward } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [podName, ...mappings] = positionals;
  if (!podName || mappings.length === 0) throw new Error("Usage: port-forward POD [LOCAL:]PORT...");
  await using cri = await connect(undefined, { signal });
  const pod = await findPod(cri, podName);
  const forwards: PortForward[] = [];
  try {
    for (const mapping of mappings) {
      const [port = "", local = "0"] = mapping.split(":").reverse();
      const forward = await pod.forward(Number(port), {
        port: Number(local),
        onError: (error) => console.error(`A connection to port ${port} failed: ${messageOf(error)}`),
        signal,
      });
      forwards.push(forward);
      console.log(`Forwarding from ${forward.host}:${forward.port} to port ${port} of ${podName}`);
    }
    await once(signal, "abort");
  } finally {
    await Promise.all(forwards.map((forward) => forward.close()));
  }
}

async function findPod(cri: CriClient, text: string): Promise<ListedPod> {
  const ready = await cri.pods.list({ state: "ready" }, { signal });
  const found = ready.filter(({ id, listed }) => listed.metadata.name === text || id.startsWith(text));
  const [pod] = found;
  if (pod && found.length === 1) return pod;
  throw new Error(
    `${found.length || "No"} pods that are ready are named ${text} or have an ID that begins so`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().catch((error) => {
  if (signal.aborted) return;
  console.error(messageOf(error));
  process.exitCode = 1;
});
