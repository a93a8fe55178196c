import ts from "typescript";

/** An import of one name, on a line of its own. */
export interface SingleImport {
  readonly text: string;
  /** Where in the code it was, counted from 0. */
  readonly line: number;
}

/** Takes the imports out of the code, which keeps its lines, for the top of the program. */
export function takeImports(code: string): { readonly rest: string; readonly imports: SingleImport[] } {
  const source = ts.createSourceFile("snippet.ts", code, ts.ScriptTarget.ES2022, true);
  const imports: SingleImport[] = [];
  let rest = code;
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const start = statement.getStart();
    const { line } = source.getLineAndCharacterOfPosition(start);
    const from = statement.moduleSpecifier.getText();
    for (const what of importedNames(statement)) imports.push({ text: `import ${what} from ${from};`, line });
    const blank = code.slice(start, statement.end).replace(/[^\n]/g, " ");
    rest = rest.slice(0, start) + blank + rest.slice(statement.end);
  }
  return { rest, imports };
}

function importedNames({ importClause }: ts.ImportDeclaration): string[] {
  const names: string[] = [];
  if (importClause?.name) names.push(importClause.name.text);
  const bindings = importClause?.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) names.push(bindings.getText());
  if (bindings && ts.isNamedImports(bindings)) {
    // `type` goes, so that a name imported both ways is imported once.
    for (const element of bindings.elements) names.push(`{ ${element.getText().replace(/^type /, "")} }`);
  }
  return names;
}
