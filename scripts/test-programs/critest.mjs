// The official validation suite of CRI, from the newest release of its module. It is a test of Go's and no
// program, so `go install` does not build it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, run } from "./cache.mjs";

const source = "sigs.k8s.io/cri-tools/cmd/critest";

export function buildCritest(directory, version) {
  const module = mkdtempSync(join(cacheDirectory, "build-"));
  const env = { ...process.env, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
  try {
    writeFileSync(join(module, "go.mod"), "module suite\n");
    run("go", ["get", "-t", `${source}@${version}`], module, env);
    const named = `-s -w -X sigs.k8s.io/cri-tools/pkg/version.Version=${version}`;
    run("go", ["test", "-c", "-ldflags", named, "-o", join(directory, "critest"), source], module, env);
  } finally {
    rmSync(module, { recursive: true, force: true });
  }
}
