// docs/manifest-fields.md is made from src/kube/manifest/schema. Without arguments this fails where the page differs;
// with --write it writes the page.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configMap, secret } from "../src/kube/manifest/schema/config-objects.js";
import { pod } from "../src/kube/manifest/schema/pod.js";
import type { Rule } from "../src/kube/manifest/schema/rule.js";

const page = fileURLToPath(new URL("../docs/manifest-fields.md", import.meta.url));

/** Objects that several fields have in common are shown once. */
const shown = new Map<unknown, string>();
const refused: string[] = [];

function rows(rule: Rule<unknown>, path: string): string[] {
  const { fields, item } = rule;
  if (item) return rows(item, `${path}[]`);
  if (!fields) return [];
  if (shown.has(fields)) return [];
  shown.set(fields, path);
  for (const [name, why] of Object.entries(rule.refused ?? {})) {
    refused.push(`| \`${join(path, name)}\` | ${why} |`);
  }
  return Object.entries(fields).flatMap(([name, field]) => {
    const at = join(path, name);
    const inner = field.item ?? field;
    const same = inner.fields && shown.get(inner.fields);
    const says = same === undefined ? field.says : `${field.says}, as \`${same}\``;
    return [`| \`${at}\` | ${says} |`, ...rows(field, at)];
  });
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function table(title: string, rule: Rule<unknown>): string {
  return `## ${title}\n\n| field | value |\n| --- | --- |\n${rows(rule, "").join("\n")}\n`;
}

const tables = [table("Pod", pod), table("ConfigMap", configMap), table("Secret", secret)];
const wanted = `# The fields of a manifest

<!-- made by scripts/manifest-fields.ts from src/kube/manifest/schema -->

What \`playPod\` carries out ([how](manifests.md)). Any other field that says something is an error, with its path. \`[]\` stands for each item of a list.

${tables.join("\n")}
## Not carried out

Fields of Kubernetes for which the error gives a reason. For those that are neither here nor above it says that they are not carried out.

| field | why |
| --- | --- |
${refused.join("\n")}
`;

if (process.argv.includes("--write")) writeFileSync(page, wanted);
else if (wanted !== readFileSync(page, "utf8")) {
  console.error(
    "docs/manifest-fields.md does not list the fields as they are: npx tsx scripts/manifest-fields.ts --write",
  );
  process.exitCode = 1;
}
