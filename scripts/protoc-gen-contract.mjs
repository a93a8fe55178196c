#!/usr/bin/env node
// protoc-gen-es, but that the code it makes takes its descriptors from src/descriptors/, which makes them when somebody
// looks at them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";

const { status, stdout } = spawnSync("npx", ["protoc-gen-es"], {
  input: readFileSync(0),
  stdio: ["pipe", "pipe", "inherit"],
  maxBuffer: 2 ** 28,
});
if (status !== 0) process.exit(status ?? 1);
const response = fromBinary(CodeGeneratorResponseSchema, stdout);
for (const file of response.file) {
  file.content = file.content.replace(
    /(import \{ enumDesc,.*) from "@bufbuild\/protobuf\/codegenv2";/,
    `$1 from "../../../src/descriptors/codegen.js";`,
  );
}
process.stdout.write(toBinary(CodeGeneratorResponseSchema, response));
