import { join } from "node:path";

import { Rollback } from "../../async/rollback.js";
import { ImageService, RuntimeService } from "../../proto.js";
import { StreamingServer } from "../../streaming/streaming-server.js";
import { scratchDirectory } from "../temporary-directory.js";
import { Answers } from "./answers.js";
import { checkpointRpcs } from "./checkpoints.js";
import { Commands } from "./commands.js";
import { containerRpcs, runningProcess } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import { Events } from "./events.js";
import type { FakeCall, FakeRuntime, FakeRuntimeOptions } from "./fake-runtime.js";
import { Faults, withFaults } from "./faults.js";
import { type FakeRegistry, Images, imageRpcs } from "./images.js";
import { insideClient } from "./inside-client.js";
import { metricsRpcs } from "./metrics.js";
import { nodeRpcs } from "./node.js";
import { podRpcs } from "./pods.js";
import { restoreRpcs } from "./restores.js";
import { createFakeServer } from "./serve.js";
import { fakeStreaming, sessionRpcs } from "./sessions.js";
import { FakeState } from "./state.js";
import { statsRpcs } from "./stats.js";

/**
 * Starts a CRI runtime in memory, on a unix socket of its own: pods, containers, images, usage, events, logs and
 * sessions as clients see them, with no process behind them. Needs no root and nothing of Linux. What commands do is
 * scripted, and what goes wrong is ordered.
 *
 * @example
 * ```ts
 * await using fake = await startFakeRuntime({ images: ["app:test"] });
 * fake.onExec(["id", "-u"], ({ stdout }) => void stdout.write("0\n"));
 * fake.fault("startContainer", { error: "unavailable" });
 * await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
 * await using pod = await cri.pods.run({ metadata: { name: "demo" } });
 * ```
 */
export async function startFakeRuntime(options: FakeRuntimeOptions = {}): Promise<FakeRuntime> {
  const rollback = new Rollback();
  try {
    return await start(options, rollback);
  } catch (error) {
    await rollback.run();
    throw error;
  }
}

async function start(
  { images = [], registry = (ref) => ref, newId }: FakeRuntimeOptions,
  rollback: Rollback,
): Promise<FakeRuntime> {
  const directory = await scratchDirectory();
  rollback.add("remove the directory", () => directory[Symbol.asyncDispose]());
  const deps = createDeps(registry, newId);
  for (const ref of images) deps.images.pull(ref);
  let streaming = await listeningServer(deps);
  rollback.add("end the sessions", () => streaming.close());
  const calls: FakeCall[] = [];
  const faults = new Faults(() => server.cut());
  const answers = new Answers();
  const wrapping = {
    faults,
    answers,
    onCall: (rpc: string, request: unknown) => calls.push({ rpc, request } as FakeCall),
  };
  const runtimeService = {
    ...nodeRpcs(deps, directory.path),
    ...podRpcs(deps),
    ...containerRpcs(deps),
    ...checkpointRpcs(deps),
    ...restoreRpcs(deps),
    ...statsRpcs(deps),
    ...metricsRpcs(deps),
    ...sessionRpcs(deps, () => streaming),
  };
  const path = join(directory.path, "cri.sock");
  const endpoint = `unix://${path}`;
  const server = createFakeServer(path, (router) => {
    router.service(RuntimeService, withFaults(RuntimeService, runtimeService, wrapping));
    router.service(ImageService, withFaults(ImageService, imageRpcs(deps), wrapping));
  });
  await server.open();
  rollback.add("end the containers", () => endAll(deps));
  rollback.add("close the socket", () => server.close());
  let disposed: Promise<void> | undefined;
  return {
    endpoint,
    logRoot: join(directory.path, "logs"),
    calls,
    runtime: insideClient(endpoint, runtimeService),
    onCall: (rpc, handler) => answers.set(rpc, handler),
    onExec: (command, handler) => deps.execs.add(command, handler),
    onRun: (command, handler) => deps.runs.add(command, handler),
    onConnect: (port, handler) => void deps.ports.set(port, handler),
    fault: (rpc, fault, { times = 1 } = {}) => faults.add(rpc, fault, times),
    faultEvent: (fault, { times = 1 } = {}) => deps.events.fault(fault, times),
    clearFaults: () => faults.clear(),
    addImage: (ref) => void deps.images.pull(ref),
    async exit(containerId, exitCode) {
      const process = runningProcess(deps.state.container(containerId));
      process.end(exitCode);
      await process.exited;
    },
    async restart(meanwhile = () => {}) {
      await server.close();
      await streaming.close();
      try {
        await meanwhile();
      } finally {
        streaming = await listeningServer(deps);
        await server.open();
      }
    },
    [Symbol.asyncDispose]() {
      disposed ??= endWith(rollback);
      return disposed;
    },
  };
}

function createDeps(registry: FakeRegistry, newId: FakeRuntimeOptions["newId"]): FakeDeps {
  const state = new FakeState(newId);
  return {
    state,
    events: new Events(state),
    images: new Images(state, registry),
    runs: new Commands(),
    execs: new Commands(),
    ports: new Map(),
  };
}

async function listeningServer(deps: FakeDeps): Promise<StreamingServer> {
  const server = new StreamingServer(fakeStreaming(deps));
  await server.listen();
  return server;
}

async function endWith(rollback: Rollback): Promise<void> {
  const failures = await rollback.run();
  if (failures.length === 0) return;
  const what = failures.map(({ description }) => description).join(", ");
  throw new AggregateError(
    failures.map(({ error }) => error),
    `The fake runtime was not wholly removed: failed to ${what}`,
  );
}

async function endAll({ state }: FakeDeps): Promise<void> {
  await Promise.all([...state.containers.values()].map(({ process }) => process?.stop(0)));
}
