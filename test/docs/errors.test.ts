import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as sdk from "crikit";
import { ManifestError } from "crikit/kube";
import ts from "typescript";
import { expect, test } from "vitest";
import { projectDirectory } from "./snippets/compile.js";

const page = readFileSync(join(projectDirectory, "docs/errors.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|"));
const named = (cells: (string | undefined)[]) =>
  cells.flatMap((cell = "") => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)).sort();

function codesOfType(): string[] {
  const path = join(projectDirectory, "src/error-codes.ts");
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true);
  const type = source.statements.find(
    (one) => ts.isTypeAliasDeclaration(one) && one.name.text === "CriErrorCode",
  );
  const literals = type?.getText().matchAll(/\| "(\w+)"/g) ?? [];
  return [...literals].map(([, code = ""]) => code);
}

test("the table of errors has every code, once", () => {
  expect(named(rows.map((row) => row[1]))).toEqual(codesOfType().sort());
});

test("the table of errors has every class", () => {
  const isError = (value: unknown) =>
    typeof value === "function" && (value === sdk.CriError || value.prototype instanceof sdk.CriError);
  const classes = Object.entries({ ...sdk, ManifestError }).filter(([, value]) => isError(value));
  expect([...new Set(named(rows.map((row) => row[2])))]).toEqual(classes.map(([name]) => name).sort());
});
