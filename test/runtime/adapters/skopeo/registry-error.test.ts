import { describe, expect, it } from "vitest";

import { CommandError } from "../../../../src/runtime/adapters/run-command.js";
import { registryError } from "../../../../src/runtime/adapters/skopeo/registry-error.js";

function failed(message: string) {
  const stderr = `time="2026-01-01T00:00:00Z" level=fatal msg="${message.replaceAll('"', '\\"')}"\n`;
  return registryError(
    new CommandError("skopeo failed", {
      ...{ command: ["skopeo"], exitCode: 1, signal: undefined, stdout: "", stderr },
    }),
  );
}

// What skopeo 1.9.3 has said, but for the addresses.
const pinging = 'pinging container registry r.test: Get "https://r.test/v2/":';

describe("skopeo's last words", () => {
  it.each([
    [`${pinging} dial tcp 192.0.2.1:443: connect: connection refused`, "registry_unavailable"],
    [`${pinging} dial tcp: lookup r.test: no such host`, "registry_unavailable"],
    [`${pinging} dial tcp: lookup r.test on 192.0.2.53:53: server misbehaving`, "registry_unavailable"],
    [`${pinging} x509: certificate signed by unknown authority`, "registry_unavailable"],
    [`${pinging} http: server gave HTTP response to HTTPS client`, "registry_unavailable"],
    [`${pinging} EOF`, "registry_unavailable"],
    ["received unexpected HTTP status: 502 Bad Gateway", "registry_unavailable"],
    ["invalid status code from registry 503 (Service Unavailable)", "registry_unavailable"],
    ["toomanyrequests: You have reached your pull rate limit", "registry_unavailable"],
    ["reading manifest 1 in r.test/a: manifest unknown: manifest unknown", "not_found"],
    ["reading manifest 1 in r.test/a: name unknown: repository name not known to registry", "not_found"],
    ["reading manifest 1 in r.test/a: unauthorized: authentication required", "permission_denied"],
    [
      "errors:\\ndenied: requested access to the resource is denied\\nunauthorized: authentication required",
      "permission_denied",
    ],
    [
      "Source image rejected: A signature was required, but no signature exists",
      "signature_validation_failed",
    ],
    [
      "Source image rejected: Running image docker://r.test/a:1 is rejected by policy.",
      "signature_validation_failed",
    ],
    ["writing blob: storing blob to file: write /tmp/x: no space left on device", "resource_exhausted"],
    ["writing blob: Digest did not match, expected sha256:a, got sha256:b", "data_loss"],
    ["reading blob: unexpected EOF", "data_loss"],
    ["something new", "unknown"],
  ])("%s: %s", (message, code) => {
    expect(failed(message)).toMatchObject({ code, message: message.replaceAll("\\n", "\\n") });
  });

  it("of a mirror and of the registry behind it count both", () => {
    const mirror = `[m.test/a:1: ${pinging} connect: connection refused]`;
    const message = `(Mirrors also failed: ${mirror}): r.test/a:1: reading manifest 1 in r.test/a: manifest unknown`;
    expect(failed(message).code).toBe("registry_unavailable");
  });

  it("lose what would let others in", () => {
    const url = "https://ann:s3cret@store.test/blob?X-Signature=0b5c&Expires=1";
    const { message } = failed(`reading blob: Get "${url}": dial tcp: connection refused`);
    expect(message).toBe('reading blob: Get "https://store.test/blob": dial tcp: connection refused');
  });
});
