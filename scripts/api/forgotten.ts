import ts from "typescript";
import type { Api } from "./entries.js";

/** Types of ours that what is exported speaks of, and that nobody can import. */
export function forgotten(api: Api): string[] {
  const exported = new Set(api.entries.flatMap(({ exported }) => [...exported.values()]));
  const names = new Set([...exported].map(({ name }) => name));
  const missing = new Set<string>();
  for (const symbol of exported) {
    const sources = new Set((symbol.declarations ?? []).map((one) => one.getSourceFile()));
    for (const source of sources) {
      if (!source.fileName.includes("/src/")) continue;
      const declarations = api.declarationsOf(source);
      for (const statement of declarations.statements) {
        if (!declaresName(statement, symbol.name)) continue;
        for (const used of typesIn(statement)) {
          const name = ownName(declarations, used);
          if (name !== undefined && !names.has(name)) {
            missing.add(`${symbol.name} speaks of ${name}, which no entry exports`);
          }
        }
      }
    }
  }
  return [...missing].sort();
}

function declaresName(statement: ts.Statement, name: string): boolean {
  return "name" in statement && (statement.name as ts.Node | undefined)?.getText() === name;
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function typesIn(statement: ts.Statement): Set<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node)) found.add(node.typeName.getText());
    if (ts.isExpressionWithTypeArguments(node)) found.add(node.expression.getText());
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return found;
}

/** The name that a type of ours was declared with; undefined for those of others, of the file's own, and parameters. */
function ownName({ statements }: ts.SourceFile, used: string): string | undefined {
  for (const statement of statements) {
    if (declaresName(statement, used)) return isExported(statement) ? used : undefined;
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    const specifier = bindings.elements.find(({ name }) => name.text === used);
    if (specifier && statement.moduleSpecifier.getText().startsWith('".')) {
      return (specifier.propertyName ?? specifier.name).text;
    }
  }
  return undefined;
}
