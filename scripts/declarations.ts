// Writes the types of each entry to `dist/`, as ES modules and CommonJS have them: each names the types that
// protobuf-es has for it, and TypeScript does not take the one for the other.
import { isBuiltin } from "node:module";
import { type Plugin, rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

const client = {
  index: "src/index.ts",
  proto: "src/messages/index.ts",
  "kube/index": "src/kube/index.ts",
  "testing/index": "src/testing/index.ts",
};
const formats = [
  { extension: "d.ts", input: { ...client, "runtime/index": "src/runtime/index.ts" } },
  { extension: "d.cts", input: client },
];

const tidy: Plugin = {
  name: "tidy",
  renderChunk(code) {
    // Where each field stands in the contract, said 800 times.
    const text = code.replace(/\n *\*(?: *\n *\*)? @generated from .*/g, "");
    return takesHeadersInit(text) ? `${text}${headersInit}` : text;
  },
};

/** connect-es takes it from the DOM, which a Node project need not have. */
const headersInit = '\ntype HeadersInit = NonNullable<RequestInit["headers"]>;\n';

function takesHeadersInit(text: string): boolean {
  return /\bHeadersInit\b(?!\$)/.test(text) && !/type HeadersInit\b(?!\$)/.test(text);
}

for (const { extension, input } of formats) {
  const bundle = await rollup({
    input,
    external: (name) => name.startsWith("@bufbuild/") || isBuiltin(name),
    // Of connect-es, which is bundled, the types are as well.
    plugins: [dts({ respectExternal: true }), tidy],
  });
  await bundle.write({
    dir: "dist",
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `[name]-[hash].${extension}`,
  });
}
