import { fromJson, type JsonValue } from "@bufbuild/protobuf";

import { type LinuxContainerResources, LinuxContainerResourcesSchema } from "../../proto.js";
import type { ContainerRecord } from "../state/container-record.js";

/** The limits that hold, or will from its start on. */
export function containerResources(record: ContainerRecord): LinuxContainerResources | undefined {
  const { linux } = record.config as { linux?: { resources?: JsonValue } };
  const resources = record.resources ?? linux?.resources;
  return resources === undefined ? undefined : fromJson(LinuxContainerResourcesSchema, resources);
}
