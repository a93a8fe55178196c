#!/usr/bin/env node
// Compares proto/ with proto/cri-v1.tsv, the CRI v1 contract as a table: one row for each RPC, field and enum
// value, and for each message without fields.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./setup/packages.mjs";

const table = readFileSync(join(projectDirectory, "proto/cri-v1.tsv"), "utf8").trimEnd().split("\n").slice(1);
const build = spawnSync("npx", ["buf", "build", "-o", "-#format=json", "--exclude-source-info"], {
  cwd: projectDirectory,
  encoding: "utf8",
  maxBuffer: 1 << 26,
});
if (build.status !== 0) throw new Error(`buf build failed: ${build.stderr}`);

const typeName = ({ type, typeName: name }) =>
  name?.replace(".runtime.v1.", "") ?? type.slice(5).toLowerCase();

function* serviceRows({ name, method }) {
  for (const { name: rpc, inputType, outputType, serverStreaming } of method) {
    const shape = serverStreaming ? "server_stream" : "unary";
    yield [
      "rpc",
      name,
      rpc,
      "-",
      shape,
      typeName({ typeName: inputType }),
      typeName({ typeName: outputType }),
    ];
  }
}

function* enumRows({ name, value }, owner) {
  for (const { name: label, number = 0 } of value) yield ["enum", owner + name, label, number, "-", "-", "-"];
}

function* messageRows({ name, field = [], nestedType = [], enumType = [] }) {
  if (field.length === 0) yield ["message", name, "-", "-", "-", "-", "-"];
  for (const each of field) {
    const entry = nestedType.find(
      ({ options, name: nested }) => options?.mapEntry && each.typeName?.endsWith(`.${name}.${nested}`),
    );
    const type = entry ? `map<${entry.field.map(typeName).join(",")}>` : typeName(each);
    const shape = each.label === "LABEL_REPEATED" && !entry ? "repeated" : "single";
    const options = [each.options?.debugRedact && "debug_redact", each.options?.deprecated && "deprecated"];
    yield ["field", name, each.name, each.number, shape, type, options.filter(Boolean).join(",") || "-"];
  }
  for (const nested of enumType) yield* enumRows(nested, `${name}.`);
}

const rows = new Set();
for (const file of JSON.parse(build.stdout).file) {
  const all = [
    ...(file.service ?? []).map(serviceRows),
    ...(file.enumType ?? []).map((each) => enumRows(each, "")),
    ...(file.messageType ?? []).map(messageRows),
  ];
  for (const group of all) for (const row of group) rows.add(row.join("\t"));
}

const missing = table.filter((row) => !rows.has(row));
const extra = [...rows].filter((row) => !table.includes(row));
for (const row of missing) console.log(`missing: ${row.replaceAll("\t", " ")}`);
for (const row of extra) console.log(`extra:   ${row.replaceAll("\t", " ")}`);
console.log(
  `wire contract: ${table.length - missing.length} of ${table.length} rows hold, ${extra.length} extra`,
);
process.exitCode = missing.length + extra.length === 0 ? 0 : 1;
