import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { busyboxImage, serveRegistry } from "crikit/testing";
import { startRegistry } from "../runtime/image/support/registry.js";

const run = promisify(execFile);
const [username, password] = ["ann", "open sesame"];
const htpasswd = "ann:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";
const name = "everyday/busybox:1";

/** A registry that gives its one image, busybox, to those with a password. */
export interface GuardedRegistry extends AsyncDisposable {
  readonly image: string;
  readonly username: string;
  readonly password: string;
}

export async function startGuardedRegistry(): Promise<GuardedRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  const path = join(directory, "htpasswd");
  await writeFile(path, htpasswd);
  const registry = await startRegistry({ auth: { htpasswd: { realm: "test", path } } });
  const image = `${registry.host}/${name}`;
  await push(image);
  return {
    ...{ image, username, password },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

async function push(image: string): Promise<void> {
  await using open = await serveRegistry([{ ref: name, ...(await busyboxImage()) }]);
  const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false", "--insecure-policy"];
  const credentials = ["--dest-creds", `${username}:${password}`];
  await run("skopeo", [
    "copy",
    ...insecure,
    ...credentials,
    `docker://${open.ref(name)}`,
    `docker://${image}`,
  ]);
}
