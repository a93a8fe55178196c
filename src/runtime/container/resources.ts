import { fromJson } from "@bufbuild/protobuf";

import {
  ContainerConfigSchema,
  type LinuxContainerResources,
  LinuxContainerResourcesSchema,
} from "../../proto.js";
import type { ContainerRecord } from "../state/container-record.js";

/** The limits that hold, or will from its start on. */
export function containerResources({
  config,
  resources,
}: ContainerRecord): LinuxContainerResources | undefined {
  if (resources !== undefined) return fromJson(LinuxContainerResourcesSchema, resources);
  return fromJson(ContainerConfigSchema, config).linux?.resources;
}
