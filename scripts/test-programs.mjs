#!/usr/bin/env node
// Programs that only tests call. They are unpacked from packages of Debian or npm, or built, into .cache/ and
// run from there, never installed: no service starts, and a machine with Docker keeps its own containerd.
import { pathToFileURL } from "node:url";
import { runTask } from "./setup.mjs";
import { buildBusybox } from "./test-programs/busybox.mjs";
import { fetchEngines } from "./test-programs/engines.mjs";
import { buildByGo, buildPeers, buildSuite } from "./test-programs/go.mjs";
import { buildMount } from "./test-programs/mount.mjs";
import { fetchNewest } from "./test-programs/newest-debian.mjs";
import { unpackMissing } from "./test-programs/unpack.mjs";

/** Unpacks and builds what is not there yet; silent when all is there. */
export function fetchTestPrograms() {
  unpackMissing();
  fetchNewest();
  buildByGo();
  buildMount();
  fetchEngines();
}

/** The same, with what the benchmarks measure crikit beside. */
function fetchPeers() {
  fetchTestPrograms();
  buildPeers();
}

/** The same, of the official suite and what it needs. */
export function fetchSuite() {
  unpackMissing(["docker-registry", "libseccomp-dev"]);
  buildSuite();
  buildBusybox();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runTask(process.argv[2] === "peers" ? fetchPeers : fetchTestPrograms);
}
