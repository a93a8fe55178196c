/**
 * Brings images onto a node before they are needed, a few at a time. A line for each, a summary, and the exit
 * code 1 when one could not be had.
 *
 *   npx tsx examples/pre-pull.ts nginx busybox:1.36
 *   npx tsx examples/pre-pull.ts --file images.txt --concurrency 5 --policy always
 *
 * The file has an image on each line; lines that begin with # are passed over. Policies: if-not-present (unless
 * told), always, never (only looks whether all are there). Credentials are what `docker login` or `podman login`
 * has left.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type CriClient, connect, type PullPolicy } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

const policies: readonly PullPolicy[] = ["if-not-present", "always", "never"];

type Outcome = "pulled" | "present" | "failed";

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      file: { type: "string" },
      concurrency: { type: "string", default: "3" },
      policy: { type: "string", default: "if-not-present" },
    },
  });
  const policy = policies.find((known) => known === values.policy);
  if (!policy) throw new Error(`--policy must be one of ${policies.join(", ")}`);
  const concurrency = Number(values.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new Error("--concurrency must be 1 or more");
  const listed = values.file === undefined ? [] : await readImages(values.file);
  const images = [...new Set([...positionals, ...listed])];
  if (images.length === 0) throw new Error("Usage: pre-pull [--file FILE] [--policy POLICY] IMAGE...");

  await using cri = await connect(undefined, { credentials: "auto", signal });
  const counts: Record<Outcome, number> = { pulled: 0, present: 0, failed: 0 };
  const waiting = images.values();
  const worker = async () => {
    for (const image of waiting) counts[await bring(cri, image, policy)] += 1;
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  console.log(`${counts.pulled} pulled, ${counts.present} present, ${counts.failed} failed`);
  return counts.failed === 0;
}

/** The failure of one image leaves the others alone; an interruption ends them all. */
async function bring(cri: CriClient, image: string, policy: PullPolicy): Promise<Outcome> {
  const start = performance.now();
  try {
    const { pulled } = await cri.images.ensure(image, { policy, signal });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(pulled ? `pulled   ${image} in ${seconds} s` : `present  ${image}`);
    return pulled ? "pulled" : "present";
  } catch (error) {
    signal.throwIfAborted();
    console.error(`failed   ${image}: ${error instanceof Error ? error.message : error}`);
    return "failed";
  }
}

async function readImages(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

main().then(
  (isComplete) => {
    process.exitCode = isComplete ? 0 : 1;
  },
  (error) => {
    console.error(signal.aborted ? "Interrupted" : error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
