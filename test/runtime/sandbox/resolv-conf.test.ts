import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { DNSConfigSchema } from "../../../src/proto.js";
import { hostResolvConf, requestedResolvConf } from "../../../src/runtime/sandbox/resolv-conf.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-dns-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("requestedResolvConf", () => {
  test("writes what is asked for, a server a line", () => {
    const dns = {
      servers: ["192.0.2.1", "fd00::1"],
      searches: ["a.test", "b.test"],
      options: ["ndots:5", "edns0"],
    };
    expect(requestedResolvConf(create(DNSConfigSchema, dns))).toBe(
      "search a.test b.test\nnameserver 192.0.2.1\nnameserver fd00::1\noptions ndots:5 edns0\n",
    );
  });

  test("leaves it to the host when nothing is asked for", () => {
    expect(requestedResolvConf(undefined)).toBeUndefined();
    expect(requestedResolvConf(create(DNSConfigSchema, {}))).toBeUndefined();
  });
});

describe("hostResolvConf", () => {
  const stub = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n";
  const real = "nameserver 192.0.2.53\nsearch lan\n";

  async function read(ownNetwork: boolean, usual: string | undefined, behindStub: string | undefined) {
    const files = { usual: join(directory, "usual"), behindStub: join(directory, "behind") };
    if (usual !== undefined) await writeFile(files.usual, usual);
    if (behindStub !== undefined) await writeFile(files.behindStub, behindStub);
    return hostResolvConf({ ownNetwork }, files);
  }

  test.each([
    ["the host's own", true, real, "nameserver 198.51.100.1\n", real],
    ["the servers behind a stub on the host's loopback", true, stub, real, real],
    ["those behind a stub on IPv6 too", true, "nameserver 127.0.0.1\nnameserver ::1\n", real, real],
    ["the stub, on the node's network", false, stub, real, stub],
    ["the host's own, if only one of its servers is a stub", true, `${stub}${real}`, real, `${stub}${real}`],
    ["the stub where nothing is known behind it", true, stub, undefined, stub],
    ["nothing, on a host without", true, undefined, real, ""],
  ])("gives %s", async (_, ownNetwork, usual, behindStub, expected) => {
    expect(await read(ownNetwork, usual, behindStub)).toBe(expected);
  });
});
