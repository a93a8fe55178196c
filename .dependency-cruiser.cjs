// The floors of docs/architecture.md: an import may only point down.
const floor1 =
  "^(gen/|src/(proto|errors|error-codes|cidr|image-ref|image-source|quantity|resources)[.]ts$|src/(async|descriptors|messages)/)";
const floor2 = "^src/(codec|wire|logs|streaming|diagnostics|credentials)/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "A cycle has no bottom.",
      severity: "error",
      from: {},
      to: { circular: true, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "gen-only-through-proto",
      comment: "src/proto.ts is the only door to the generated code.",
      severity: "error",
      from: { path: "^(src|test|examples|bench)/", pathNot: "^src/proto[.]ts$" },
      to: { path: "^gen/" },
    },
    {
      name: "floor-1",
      severity: "error",
      from: {
        path: "^src/(cidr|errors|error-codes|image-ref|image-source|proto|quantity|resources)[.]ts$|^src/(async|descriptors|messages)/",
      },
      to: { path: "^(src|gen)/", pathNot: floor1 },
    },
    {
      name: "floor-2",
      severity: "error",
      from: { path: floor2 },
      to: { path: "^(src|gen)/", pathNot: [floor1, floor2] },
    },
    {
      name: "transport-below-services",
      severity: "error",
      from: { path: "^src/transport/" },
      to: { path: "^src/", pathNot: [floor1, floor2, "^src/transport/"] },
    },
    {
      name: "services-below-api",
      severity: "error",
      from: { path: "^src/services/" },
      to: { path: "^src/", pathNot: [floor1, floor2, "^src/(transport|services)/"] },
    },
    {
      name: "kube-on-the-api",
      comment: "crikit/kube does what a user of the SDK could do.",
      severity: "error",
      from: { path: "^src/kube/" },
      to: {
        path: "^src/",
        pathNot: [
          floor1,
          "^src/(api|kube)/",
          "^src/(services/call-options|credentials/find-credentials)[.]ts$",
        ],
      },
    },
    {
      name: "kube-translates-without-doing",
      comment: "Manifest and translation are pure: no runtime is asked, nothing of the host changed.",
      severity: "error",
      from: { path: "^src/kube/(manifest|translate)/" },
      to: { path: "^src/kube/", pathNot: "^src/kube/(manifest|translate)/" },
    },
    {
      name: "sdk-without-kube",
      comment: 'import "crikit" loads nothing of manifests.',
      severity: "error",
      from: { path: "^src/(index[.]ts|api/|services/|transport/|testing/)" },
      to: { path: "^src/kube/" },
    },
    {
      name: "sdk-without-runtime",
      comment: "The SDK never uses the runtime or the testing half.",
      severity: "error",
      from: { path: "^src/(index[.]ts|api/|services/|transport/|kube/)" },
      to: { path: "^src/(runtime|testing)/" },
    },
    {
      name: "runtime-without-sdk",
      comment: "The runtime stands on floors 1 and 2 only.",
      severity: "error",
      from: { path: "^src/runtime/" },
      to: { path: "^src/", pathNot: [floor1, floor2, "^src/runtime/"] },
    },
    {
      name: "testing-without-runtime",
      comment: "crikit/testing starts the runtime as a process, the way users do.",
      severity: "error",
      from: { path: "^src/testing/" },
      to: { path: "^src/runtime/" },
    },
    {
      name: "adapters-stand-alone",
      comment: "An adapter knows neither state nor use cases nor another adapter; a use case joins them.",
      severity: "error",
      from: { path: "^src/runtime/adapters/([^/]+)/" },
      to: {
        path: "^src/runtime/",
        pathNot: [
          "^src/runtime/adapters/$1/",
          "^src/runtime/adapters/[^/]+[.]ts$",
          "^src/runtime/(oci|cdi|capability-names|make-directory)[.]ts$",
        ],
      },
    },
    {
      name: "state-stands-alone",
      severity: "error",
      from: { path: "^src/runtime/state/" },
      to: { path: "^src/runtime/", pathNot: "^src/runtime/(state/|(oci|make-directory)[.]ts$)" },
    },
    {
      name: "spec-is-pure",
      comment: "Building the OCI spec touches no adapter and no state.",
      severity: "error",
      from: { path: "^src/runtime/spec/" },
      to: { path: "^src/runtime/", pathNot: "^src/runtime/(spec/|(oci|cdi|capability-names)[.]ts$)" },
    },
    {
      name: "use-cases-in-their-own-folder",
      comment: "Only sandbox may call container, never the reverse.",
      severity: "error",
      from: { path: "^src/runtime/(container|image|node|lifecycle)/" },
      to: {
        path: "^src/runtime/(sandbox|container|image|node|server|streaming)/",
        pathNot: "^src/runtime/$1/",
      },
    },
    {
      name: "sandbox-may-call-container",
      severity: "error",
      from: { path: "^src/runtime/sandbox/" },
      to: { path: "^src/runtime/(image|node|server|streaming)/" },
    },
    {
      name: "only-compose-sees-all",
      severity: "error",
      from: { path: "^src/runtime/(server|streaming)/" },
      to: { path: "^src/runtime/(adapters|state)/" },
    },
    {
      name: "no-dev-dependency-in-src",
      comment: "But for those that the build takes into the package.",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer"],
        pathNot: "^node_modules/(@connectrpc|yaml)/",
      },
    },
    {
      name: "open-telemetry-in-one-place",
      comment: "It is an optional peer: only the import that bears its absence may name it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/diagnostics/open-telemetry[.]ts$" },
      to: { path: "node_modules/@opentelemetry/" },
    },
    {
      name: "own-http2-in-sdk",
      comment:
        "The client of HTTP/2 is src/wire/http2: what node:http2 costs, an SDK user would pay at every import. A gRPC probe loads it when it is made.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/((runtime|testing|wire/grpc-server)/|kube/probes/grpc-action[.]ts$)",
      },
      to: { path: "^(node:)?http2$" },
    },
    {
      name: "no-connect-node",
      comment:
        "Calls go over src/transport; the daemon and the fake runtime serve gRPC by src/wire/grpc-server.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "node_modules/@connectrpc/connect-node" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
