import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../../../../src/runtime/adapters/run-command.js";

export interface Certificate {
  /** Files in PEM. */
  certificate: string;
  key: string;
}

/** A certificate that signs itself and may sign others. */
export async function authority(directory: string, name: string): Promise<Certificate> {
  return issue(directory, name, ["-addext", "basicConstraints=critical,CA:TRUE"]);
}

/** A certificate for an address, signed by an authority. */
export async function serverCertificate(
  directory: string,
  address: string,
  { certificate, key }: Certificate,
): Promise<Certificate> {
  const extensions = join(directory, "extensions");
  await writeFile(extensions, `subjectAltName=IP:${address}\n`);
  const request = join(directory, "server.csr");
  const own = join(directory, "server.key");
  const issued = join(directory, "server.crt");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", own];
  await runCommand("openssl", ["req", ...newKey, "-subj", "/CN=registry", "-out", request]);
  const signer = ["-CA", certificate, "-CAkey", key, "-CAcreateserial", "-extfile", extensions];
  await runCommand("openssl", ["x509", "-req", "-in", request, ...signer, "-days", "2", "-out", issued]);
  return { certificate: issued, key: own };
}

async function issue(directory: string, name: string, more: string[]): Promise<Certificate> {
  const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const subject = ["-subj", `/CN=${name}`, "-days", "2"];
  await runCommand("openssl", ["req", "-x509", ...newKey, ...subject, ...more, "-out", certificate]);
  return { certificate, key };
}
