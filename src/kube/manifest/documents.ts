import { parseAllDocuments, type Tags } from "yaml";
import { ManifestError } from "../../errors.js";

/** One object of a manifest, not looked at yet. */
export interface ManifestDocument {
  readonly kind: string;
  /** For messages, such as `ConfigMap app`. */
  readonly title: string;
  readonly content: unknown;
}

/**
 * The objects of YAML or JSON. kubectl reads YAML 1.1, where `0400` is octal and `yes` is true; as there, times stay
 * texts and 1:30 is no number.
 */
export function parseDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: "1.1", merge: true, customTags: withoutTimes });
  const found = "empty" in documents ? [] : documents;
  const errors = found.flatMap((document) => document.errors);
  if (errors.length > 0) throw noYaml(errors);
  try {
    return found.map((document) => document.toJS()).filter((content) => content !== null);
  } catch (error) {
    // An alias whose anchor is missing shows only now.
    throw noYaml([error]);
  }
}

/** Only the first lines of the messages: the others quote the manifest, and a Secret may be in it. */
function noYaml(errors: readonly unknown[]): ManifestError {
  return new ManifestError(
    errors.map((error) => {
      const said = error instanceof Error ? error.message : String(error);
      const [first = ""] = said.split("\n", 1);
      return { path: "", kind: "invalid", message: `is no YAML: ${first.replace(/:$/, "")}` };
    }),
  );
}

/** Without a kind it is taken for a Pod. */
export function toDocument(content: unknown): ManifestDocument {
  const { kind, metadata } = fieldsOf(content);
  const { name } = fieldsOf(metadata);
  const known = typeof kind === "string" ? kind : "Pod";
  return { kind: known, title: typeof name === "string" ? `${known} ${name}` : known, content };
}

function withoutTimes(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === "string" || !(tag.tag === "tag:yaml.org,2002:timestamp" || tag.format === "TIME"),
  );
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
