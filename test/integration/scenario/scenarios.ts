import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { findLeaks, type Traces } from "../../support/leaks.js";
import { type Abilities, type Behaviour, realAbilities } from "./behaviour.js";
import { checkpointScenarios } from "./checkpoints.js";
import { containerScenarios } from "./containers.js";
import { copyScenarios } from "./copy.js";
import { execScenarios } from "./exec.js";
import { handleStatsScenarios } from "./handle-stats.js";
import { imageScenarios } from "./images.js";
import { kubeScenarios } from "./kube.js";
import { logScenarios } from "./logs.js";
import { nodeScenarios } from "./node.js";
import { observabilityScenarios } from "./observability.js";
import { podScenarios } from "./pods.js";
import { resourceScenarios } from "./resources.js";
import { sessionScenarios } from "./sessions.js";
import { statsScenarios } from "./stats.js";
import { openSubject, type Subject } from "./subject.js";
import { watchScenarios } from "./watch.js";

/** Without a network nothing but a directory is made on the machine. */
type AnyTraces = Traces | Pick<Traces, "directory">;

/** The same story of pods, containers and images on any runtime, told through the SDK's public face. */
export function runScenarios(
  start: () => Promise<{ readonly endpoint: string } & AnyTraces & AsyncDisposable>,
  behaviourOf: (version: string) => Behaviour,
  able: Abilities = realAbilities,
): void {
  let traces: AnyTraces | undefined;
  let opened: Subject | undefined;
  const subject = () => {
    if (opened === undefined) throw new Error("The runtime did not start");
    return opened;
  };
  beforeAll(async () => {
    const runtime = await start();
    traces = runtime;
    opened = await openSubject(runtime, behaviourOf);
  });
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    expect(traces && (await leaksOf(traces))).toEqual([]);
  });

  describe("pods", () => podScenarios(subject));
  describe("containers", () => containerScenarios(subject, able));
  describe("exec", () => execScenarios(subject));
  describe("sessions", () => sessionScenarios(subject, able));
  if (able.isolates) describe("copy", () => copyScenarios(subject));
  describe("logs", () => logScenarios(subject));
  if (able.measures) {
    describe("stats", () => statsScenarios(subject, able));
    describe("stats of handles, and metrics", () => handleStatsScenarios(subject));
  }
  describe("events and watch", () => watchScenarios(subject));
  describe("observability", () => observabilityScenarios(subject));
  describe("resources", () => resourceScenarios(subject, able));
  describe("checkpoints", () => checkpointScenarios(subject));
  describe("manifests", () => kubeScenarios(subject, able));
  describe("images", () => imageScenarios(subject));
  describe("the runtime itself", () => nodeScenarios(subject));
}

async function leaksOf(traces: AnyTraces): Promise<string[]> {
  if ("network" in traces) return findLeaks(traces);
  return existsSync(traces.directory) ? [`directory ${traces.directory}`] : [];
}
