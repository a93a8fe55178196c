// Not by its own name, which the head of the daemon's bundle has taken.
import { createRequire as requireFrom } from "node:module";
import type { DescFile } from "@bufbuild/protobuf";

type Codegen = typeof import("@bufbuild/protobuf/codegenv2");

/**
 * The file as protobuf-es makes it, with the messages of google/protobuf/descriptor.proto that it was made of. They are
 * for programs that look into `proto`; nothing of crikit does, and to import what makes them would take longer than all else.
 */
export function bootedFile(base64: string): DescFile {
  const codegen: Codegen = requireFrom(import.meta.url)("@bufbuild/protobuf/codegenv2");
  return codegen.fileDesc(base64);
}
