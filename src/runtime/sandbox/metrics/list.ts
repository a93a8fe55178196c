import { setImmediate } from "node:timers/promises";

import { create } from "@bufbuild/protobuf";

import {
  type ContainerMetrics,
  ContainerMetricsSchema,
  type Metric,
  type PodSandboxMetrics,
  PodSandboxMetricsSchema,
} from "../../../proto.js";
import { listContainerRecords } from "../../container/list.js";
import type { RuntimeDeps } from "../../deps.js";
import { type ContainerRecord, containerState } from "../../state/container-record.js";
import { isReady, type SandboxRecord } from "../../state/sandbox-record.js";
import { listSandboxRecords } from "../list.js";
import { podInterfaces } from "../network-usage.js";
import { readFileSystem, sampleContainer } from "./container-sample.js";
import { containerMetrics, measured, readMetrics } from "./describe.js";
import { networkMetrics } from "./network.js";

/** Metrics of the pods that are ready and of their running containers, newest first. */
export async function listPodSandboxMetrics(deps: RuntimeDeps): Promise<PodSandboxMetrics[]> {
  const running = listContainerRecords(deps).filter((record) => containerState(record) === "running");
  const upper = ({ id }: ContainerRecord) => deps.paths.container(id).upper;
  const layers = await deps.diskUsage.of(running.map(upper));
  const fileSystem = await readFileSystem(deps);
  const kinds = measured(deps, containerMetrics);

  const ofContainer = async (pod: SandboxRecord, record: ContainerRecord): Promise<ContainerMetrics[]> => {
    const sample = await sampleContainer(deps, record, { layer: layers.get(upper(record)), fileSystem });
    if (!sample) return [];
    const { id, image, metadata } = record;
    const base = { ...podLabels(pod), id, image: image.asked, container: metadata.name };
    const metrics = readMetrics(kinds, sample, base);
    return [create(ContainerMetricsSchema, { containerId: id, metrics })];
  };

  const pods: PodSandboxMetrics[] = [];
  for (const pod of listSandboxRecords(deps).filter(isReady)) {
    const metrics = create(PodSandboxMetricsSchema, {
      podSandboxId: pod.id,
      metrics: await ofNetwork(pod),
    });
    for (const record of running.filter(({ sandboxId }) => sandboxId === pod.id)) {
      metrics.containerMetrics.push(...(await ofContainer(pod, record)));
      await setImmediate();
    }
    pods.push(metrics);
  }
  return pods;
}

async function ofNetwork(pod: SandboxRecord): Promise<Metric[]> {
  const interfaces = await podInterfaces(pod);
  const base = { ...podLabels(pod), id: pod.id, image: "", container: "" };
  return interfaces ? readMetrics(networkMetrics, interfaces, base) : [];
}

function podLabels({ metadata }: SandboxRecord): { namespace: string; pod: string } {
  return { namespace: metadata.namespace, pod: metadata.name };
}
