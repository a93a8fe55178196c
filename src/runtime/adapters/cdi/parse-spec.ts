import { parseDocument } from "yaml";

import type { CdiEdits, CdiSpec } from "../../cdi.js";
import { containerEdits } from "./edits.js";
import { isDeviceName, isKind } from "./names.js";
import { list, table, texts, textThat, wrong } from "./shape.js";

/** Oldest first: a file may use what came with its own version and before. */
const versions = ["0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"];

interface Device {
  name: string;
  annotations?: Record<string, string> | undefined;
  containerEdits: CdiEdits;
}

interface Written {
  cdiVersion: string;
  kind: string;
  annotations?: Record<string, string> | undefined;
  devices: Device[];
  containerEdits?: CdiEdits | undefined;
}

const version = textThat((given) => rank(given) >= 0, `one of ${versions.join(", ")}`);
const kind = textThat(isKind, "VENDOR/CLASS, each of letters, digits and -_.");
const name = textThat(isDeviceName, "of letters, digits and -_.:");
const annotations = { read: texts, since: "0.6.0" };

const device = table<Device>({
  name: { read: name, required: true },
  annotations,
  containerEdits: { read: containerEdits, required: true },
});

const written = table<Written>({
  cdiVersion: { read: version, required: true },
  kind: { read: kind, required: true },
  annotations,
  devices: { read: list(device), required: true },
  containerEdits: { read: containerEdits },
});

/**
 * Reads a CDI specification, in YAML or JSON. Throws `InvalidArgumentError` that begins with the part that is
 * wrong, as for a field that the specification does not have, or not in the file's own version.
 */
export function parseCdiSpec(content: string): CdiSpec {
  // All scalars as texts: whether 0 is a number or the name of a device is told by the field.
  const document = parseDocument(content, { schema: "failsafe", prettyErrors: false });
  const [broken] = document.errors;
  if (broken) throw wrong("", `is neither YAML nor JSON: ${broken.message}`);
  const uses: { at: string; since: string }[] = [];
  const spec = written(document.toJS(), "", (at, since) => uses.push({ at, since }));

  if (spec.kind.split("/")[1]?.includes(".")) uses.push({ at: "a dot in the class of kind", since: "0.6.0" });
  const names = new Set<string>();
  spec.devices.forEach((each, index) => {
    const at = `devices[${index}]`;
    if (names.has(each.name)) throw wrong(`${at}.name`, `is "${each.name}", as that of another device`);
    names.add(each.name);
    if (/^\d/.test(each.name)) uses.push({ at: `a digit at the beginning of ${at}.name`, since: "0.5.0" });
    if (Object.keys(each.containerEdits).length === 0) throw wrong(`${at}.containerEdits`, "is empty");
  });
  const newer = uses.find(({ since }) => rank(since) > rank(spec.cdiVersion));
  if (newer) throw wrong("cdiVersion", `is ${spec.cdiVersion}, and ${newer.at} came with ${newer.since}`);
  return { kind: spec.kind, devices: spec.devices, containerEdits: spec.containerEdits ?? {} };
}

function rank(version: string): number {
  return versions.indexOf(version.replace(/^v/, ""));
}
