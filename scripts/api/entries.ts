import { fileURLToPath } from "node:url";
import ts from "typescript";

export const projectDirectory = fileURLToPath(new URL("../..", import.meta.url));

/** One thing that the package can be imported as. */
export interface Entry {
  /** `crikit/testing` */
  readonly name: string;
  /** What it exports, by name; never the alias. */
  readonly exported: ReadonlyMap<string, ts.Symbol>;
}

export interface Api {
  readonly entries: readonly Entry[];
  /** The declarations of a source file as TypeScript writes them for users, without comments and what is internal. */
  declarationsOf(source: ts.SourceFile): ts.SourceFile;
}

/** Reads the entries that `tsconfig.json` has paths for. */
export function readApi(): Api {
  const configPath = ts.findConfigFile(projectDirectory, ts.sys.fileExists) ?? "";
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, projectDirectory);
  const paths = Object.entries(options.paths ?? {}).map(([name, [path = ""]]) => ({ name, path }));
  const emitting = { noEmit: false, declaration: true, emitDeclarationOnly: true };
  const program = ts.createProgram(
    paths.map(({ path }) => ts.sys.resolvePath(`${projectDirectory}/${path}`)),
    { ...options, ...emitting, stripInternal: true, removeComments: true },
  );
  const checker = program.getTypeChecker();
  const entries = paths.map(({ name, path }) => {
    const source = program.getSourceFile(ts.sys.resolvePath(`${projectDirectory}/${path}`));
    const module = source && checker.getSymbolAtLocation(source);
    const symbols = module ? checker.getExportsOfModule(module) : [];
    const real = (symbol: ts.Symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return { name, exported: new Map(symbols.map((symbol) => [symbol.name, real(symbol)] as const)) };
  });
  return { entries, declarationsOf: (source) => emitted(program, source) };
}

const known = new Map<ts.SourceFile, ts.SourceFile>();

function emitted(program: ts.Program, source: ts.SourceFile): ts.SourceFile {
  let declarations = known.get(source);
  if (!declarations) {
    let text = "";
    program.emit(source, (_, written) => {
      text = written;
    });
    declarations = ts.createSourceFile(source.fileName, text, ts.ScriptTarget.ES2022, true);
    known.set(source, declarations);
  }
  return declarations;
}
