import type { ContainerConfig } from "../../proto.js";
import { isQualifiedName } from "../adapters/cdi/names.js";
import { type CdiDevice, type CdiRegistry, readCdiRegistry } from "../adapters/cdi/registry.js";
import { readNode } from "../adapters/host/devices.js";
import type { RuntimeDeps } from "../deps.js";
import type { OciDevice, OciSpec } from "../oci.js";
import { type CdiSource, editSpec, nodePaths } from "../spec/cdi-edits.js";
import { invalid } from "../spec/invalid.js";

interface Asked {
  name: string;
  field: string;
}

const annotationPrefix = "cdi.k8s.io/";

/**
 * The spec with the devices that the request names by the Container Device Interface. The specifications are
 * read anew each time: drivers write them while the runtime runs.
 */
export async function addCdiDevices(
  deps: RuntimeDeps,
  config: ContainerConfig,
  spec: OciSpec,
): Promise<OciSpec> {
  const asked = askedDevices(config);
  if (asked.length === 0) return spec;
  const directories = deps.config.cdiSpecDirs;
  const registry = await readCdiRegistry(directories);
  for (const { path, why } of registry.broken)
    deps.log.warn("A CDI specification is passed over", { path, why });
  const devices = asked.map((each) => requireDevice(each, registry, directories));
  const sources = inOrder(devices);
  const nodes = new Map<string, OciDevice>();
  for (const path of sources.flatMap(({ edits }) => nodePaths(edits))) {
    const node = await readNode(path);
    if (node) nodes.set(path, node);
  }
  return sources.reduce((edited, source) => editSpec(edited, source, nodes), spec);
}

/** By the field for them, and by annotations, which was the way before there was one. Each once. */
function askedDevices({ CDIDevices, annotations }: ContainerConfig): Asked[] {
  const byField = CDIDevices.map(({ name }, index) => ({ name, field: `config.CDI_devices[${index}].name` }));
  const byAnnotation = Object.keys(annotations)
    .filter((key) => key.startsWith(annotationPrefix))
    .sort()
    .flatMap((key) =>
      (annotations[key] ?? "").split(",").map((name) => ({ name, field: `config.annotations["${key}"]` })),
    );
  const asked = [...byField, ...byAnnotation];
  return asked.filter(({ name }, index) => asked.findIndex((other) => other.name === name) === index);
}

function requireDevice(
  { name, field }: Asked,
  { devices, conflicts, broken }: CdiRegistry,
  directories: readonly string[],
): CdiDevice {
  if (!isQualifiedName(name))
    throw invalid(field, `is "${name}", which is not a name like vendor.com/class=device`);
  const device = devices.get(name);
  if (device) return device;
  const files = conflicts.get(name);
  if (files) throw invalid(field, `is "${name}", which more than one file describes: ${files.join(", ")}`);
  const known = [...devices.keys()].sort().join(", ") || "none";
  const passedOver = broken.map(({ path, why }) => `; ${path} was passed over: ${why}`).join("");
  throw invalid(
    field,
    `is "${name}", which no CDI specification in ${directories.join(", ")} describes; known are ${known}${passedOver}`,
  );
}

/** A file's own edits once, before those of the first of its devices. */
function inOrder(devices: CdiDevice[]): CdiSource[] {
  const files = new Set<string>();
  return devices.flatMap(({ spec, edits }) => {
    const device = { path: spec.path, edits };
    if (files.has(spec.path)) return [device];
    files.add(spec.path);
    return [spec, device];
  });
}
