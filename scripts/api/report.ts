import ts from "typescript";
import type { Api, Entry } from "./entries.js";

/** What an entry exports, with the shapes of it, in the order of the names: one text to compare with the last. */
export function reportOf(api: Api, { name, exported }: Entry): string {
  const names = [...exported.keys()].sort();
  const own = names.filter((name) => !isGenerated(exported.get(name)));
  const generated = names.filter((name) => isGenerated(exported.get(name)));
  const parts = own.map((name) => shapeOf(api, exported.get(name), name));
  const lines = [
    `# ${name}`,
    "",
    "Made by `npm run api` from what the entry exports. A line that goes or changes breaks somebody: see",
    "[the policy](../docs/policy.md).",
    "",
    "```ts",
    parts.join("\n\n"),
    "```",
    ...(generated.length === 0 ? [] : ["", "Generated from the contract:", ""]),
    ...generated.map((name) => `- ${name}`),
  ];
  return `${lines.join("\n")}\n`;
}

function isGenerated(symbol: ts.Symbol | undefined): boolean {
  return symbol?.declarations?.every((one) => one.getSourceFile().fileName.includes("/gen/")) ?? false;
}

function shapeOf(api: Api, symbol: ts.Symbol | undefined, name: string): string {
  const sources = new Set(symbol?.declarations?.map((one) => one.getSourceFile()));
  const statements = [...sources].flatMap((source) =>
    api.declarationsOf(source).statements.filter((statement) => declares(statement, symbol?.name ?? name)),
  );
  if (statements.length === 0) return `${name}: from ${[...sources].map(packageOf).join()}`;
  return statements.map(textOf).join("\n");
}

function declares(statement: ts.Statement, name: string): boolean {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.some((one) => one.name.getText() === name);
  }
  const named =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return named && statement.name?.text === name;
}

function textOf(statement: ts.Statement): string {
  const text = statement.getText().replace(/^export (declare )?/, "");
  return text.replace(/\n\s*(#private|private [^\n]*);/g, "");
}

function packageOf({ fileName }: ts.SourceFile): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(fileName)?.[1] ?? fileName;
}
