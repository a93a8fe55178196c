import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import type { Image } from "./images.js";

/** Signs images as `skopeo copy --sign-by` does, with a key of its own. */
export interface Signer extends AsyncDisposable {
  /** The file of the public key. */
  readonly publicKey: string;
  /** Lays the signature down where a registry's signatures are looked for. */
  sign(signatures: string, reference: string, image: Image): Promise<void>;
}

export async function createSigner(): Promise<Signer> {
  const home = await mkdtemp(join(tmpdir(), "crikit-gpg-"));
  const env = { ...process.env, GNUPGHOME: home };
  const publicKey = join(home, "public.gpg");
  const unattended = ["--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"];
  await runCommand("gpg", [...unattended, "--quick-generate-key", "signer@test", "rsa2048", "sign"], { env });
  await runCommand("gpg", ["--batch", "--output", publicKey, "--export", "signer@test"], { env });
  return {
    publicKey,
    async sign(signatures, reference, { manifest }) {
      const file = join(home, "manifest");
      await writeFile(file, manifest.bytes);
      const path = reference.slice(reference.indexOf("/") + 1).replace(/:[^:]+$/, "");
      const signature = join(signatures, `${path}@${manifest.digest.replace(":", "=")}`, "signature-1");
      await mkdir(dirname(signature), { recursive: true });
      await rm(signature, { force: true });
      const sign = ["standalone-sign", "--output", signature, file, reference, "signer@test"];
      await runCommand("skopeo", sign, { env });
    },
    async [Symbol.asyncDispose]() {
      await runCommand("gpgconf", ["--kill", "gpg-agent"], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
