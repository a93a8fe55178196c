import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, rename } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { NoPermissionError, NotRunningError, StaleSocketError, UnavailableError } from "../../src/errors.js";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { serveRaw, temporaryDirectory } from "./support/raw-server.js";
import { connectNodeTransport, ownTransport } from "./support/subjects.js";

/** A socket file that nobody listens on: Node removes the one it has bound, so it is moved away first. */
async function makeStaleSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.new`);
  await once(server, "listening");
  await rename(`${path}.new`, path);
  server.close();
  await once(server, "close");
}

describe.each([ownTransport, connectNodeTransport])("a call by $name", (subject) => {
  test("says that no runtime is running where there is no socket", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    const call = createRuntimeClient(subject.open(path)).version({});
    await expect(call).rejects.toThrow(NotRunningError);
    await expect(call).rejects.toThrow(UnavailableError);
    await expect(call).rejects.toMatchObject({
      code: "not_running",
      rpc: "Version",
      endpoint: `unix://${path}`,
      message: `There is no socket ${path}: start the runtime or mend the endpoint`,
    });
  });

  test("says that a runtime has died where nobody listens", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    await makeStaleSocket(path);
    const call = createRuntimeClient(subject.open(path)).version({});
    await expect(call).rejects.toThrow(StaleSocketError);
    await expect(call).rejects.toMatchObject({ code: "stale_socket" });
  });

  test("says that the user may not open the socket", async () => {
    await using directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
    const path = join(directory.path, "runtime.sock");
    await using _server = await serveRaw(path, () => {});
    await chmod(path, process.getuid?.() === 0 ? 0o600 : 0o000);
    const program = fileURLToPath(new URL("support/call-as-nobody.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--import",
      "tsx",
      program,
      subject.name,
      path,
    ]);
    expect(stdout).toBe(
      `no_permission: The socket ${path} may not be opened: run as root or as a member of the socket's group\n`,
    );
    expect(new NoPermissionError("")).not.toBeInstanceOf(UnavailableError);
  });
});
