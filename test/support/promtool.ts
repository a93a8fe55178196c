import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Where `scripts/test-programs.mjs` unpacks it. */
const promtool = fileURLToPath(
  new URL("../../.cache/test-programs/prometheus/usr/bin/promtool", import.meta.url),
);

/** What Prometheus cannot read of a text; empty: all of it can be scraped. */
export async function unreadableByPrometheus(scraped: string): Promise<string> {
  const child = spawn(promtool, ["check", "metrics"], { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.end(scraped);
  const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, "close")]);
  // 3: it can be read, and could have better names.
  return exitCode === 0 || exitCode === 3 ? "" : said || `exit code ${exitCode}`;
}
