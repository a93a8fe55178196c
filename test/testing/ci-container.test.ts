import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runInContainer } from "../support/ci-container.js";

const script = fileURLToPath(new URL("../support/hundred-containers.mjs", import.meta.url));

test("a hundred containers in a privileged container leave no zombie, and reach out where nothing is forwarded", async () => {
  const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  try {
    const told = JSON.parse(await runInContainer(directory, script));
    expect(told).toEqual({ ips: [expect.stringMatching(/^10\.90\./)], hasReachedOut: true, zombies: [] });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
