import { NotFoundError } from "../../errors.js";
import type { Descriptor } from "./manifest.js";

/** What this host runs, the best first. An absent variant means the first one, as containerd and Docker say. */
const variants: Record<string, readonly string[]> = {
  amd64: ["", "v1"],
  arm64: ["v8", ""],
  arm: ["v7", "", "v6", "v5"],
};

/** The entry of an index for this host. Throws `NotFoundError` that lists the platforms there are. */
export function chooseEntry(entries: readonly Descriptor[], architecture: string): Descriptor {
  const images = entries.filter((entry) => !isAttestation(entry));
  const ours = images.filter(
    ({ platform }) => platform?.os === "linux" && platform.architecture === architecture,
  );
  for (const variant of variants[architecture] ?? [""]) {
    const fits = ours.find(({ platform }) => (platform?.variant ?? "") === variant);
    if (fits) return fits;
  }
  const unnamed = images.find(({ platform }) => !platform);
  if (unnamed) return unnamed;
  const offered = images.map(({ platform }) =>
    [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join("/"),
  );
  throw new NotFoundError(
    `The image has no variant for linux/${architecture}, only for ${offered.join(", ") || "none at all"}`,
  );
}

/** What BuildKit keeps beside its images: statements on how they were made. */
function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    platform?.architecture === "unknown" ||
    annotations?.["vnd.docker.reference.type"] === "attestation-manifest"
  );
}
