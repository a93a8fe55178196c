import { networkInterfaces } from "node:os";
import { describe, expect, it, vi } from "vitest";

import { resolveStreamingUrl } from "../../src/sessions/streaming-url.js";

// Looked at once: bridges of other tests come and go.
vi.mock(import("node:os"), async (original) => {
  const os = await original();
  const interfaces = os.networkInterfaces();
  return { ...os, networkInterfaces: () => interfaces };
});

const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family }) => family === "IPv4")
  .map(({ address }) => address);

describe("a streaming URL", () => {
  it.each([
    ["http://127.0.0.1:4000/exec/x", "http://127.0.0.1:4000/exec/x"],
    ["http://127.1.2.3:4000/exec/x", "http://127.1.2.3:4000/exec/x"],
    ["http://localhost:4000/exec/x", "http://localhost:4000/exec/x"],
    ["https://[::1]:4000/exec/x", "https://[::1]:4000/exec/x"],
    ["http://0.0.0.0:4000/exec/x", "http://127.0.0.1:4000/exec/x"],
    ["http://[::]:4000/exec/x", "http://[::1]:4000/exec/x"],
  ])("%s leads to %s", (given, resolved) => {
    expect(resolveStreamingUrl(given).href).toBe(resolved);
  });

  it("to any address of this machine's own is taken", () => {
    expect(own).not.toEqual([]);
    const resolved = own.map((address) => resolveStreamingUrl(`http://${address}:4000/exec/x`).hostname);
    expect(resolved).toEqual(own);
  });

  it("to another machine is refused, unless it is allowed by name", () => {
    const url = "http://192.0.2.9:4000/exec/secret";
    expect(() => resolveStreamingUrl(url)).toThrow(expect.objectContaining({ code: "permission_denied" }));
    expect(() => resolveStreamingUrl(url)).toThrow(/192\.0\.2\.9.*allowedHosts/);
    expect(resolveStreamingUrl(url, { allowedHosts: ["192.0.2.9"] }).hostname).toBe("192.0.2.9");
  });

  it.each(["", "/exec/secret", "ftp://127.0.0.1/exec/secret"])(
    "%j is refused without telling its secret",
    (url) => {
      expect(() => resolveStreamingUrl(url)).toThrow(/not an absolute http or https URL$/);
    },
  );
});
