import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { VersionResponseSchema } from "../../src/proto.js";
import { answer, envelope, serveRaw, temporaryDirectory } from "./support/raw-server.js";

test("a call in flight holds the process open, an idle session does not", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  await using server = await serveRaw(path, async (stream) => {
    // Long enough for a process that nothing holds to end.
    await sleep(200);
    answer(stream, { body: [envelope(VersionResponseSchema, { runtimeName: "test" })] });
  });
  const program = fileURLToPath(new URL("support/call-and-end.ts", import.meta.url));
  const options = { timeout: 60_000 };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program, path], options);
  expect(stdout).toBe("called test, then ended\n");
  expect(server.sessions).toHaveLength(1);
});
