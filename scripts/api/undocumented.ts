import { relative } from "node:path";
import ts from "typescript";
import { type Api, projectDirectory } from "./entries.js";

/** The exported names and members of them that no comment documents, and functions without an example. */
export function undocumented({ entries }: Api): string[] {
  const symbols = new Set(entries.flatMap(({ exported }) => [...exported.values()]));
  const missing = [...symbols].flatMap((symbol) => {
    const declarations = (symbol.declarations ?? []).filter(isOurs);
    if (declarations.length === 0) return [];
    const without = isDocumented(symbol) ? [] : [`${placeOf(symbol)}: ${symbol.name} has no comment`];
    const needsExample = declarations.some(ts.isFunctionDeclaration) && !hasExample(symbol);
    const example = needsExample ? [`${placeOf(symbol)}: ${symbol.name} has no @example`] : [];
    return [...without, ...example, ...declarations.flatMap((one) => undocumentedMembers(symbol.name, one))];
  });
  return [...new Set(missing)].sort();
}

function undocumentedMembers(owner: string, declaration: ts.Node): string[] {
  return membersOf(declaration).flatMap((member) => {
    const comments = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
    const name = member.name?.getText() ?? "";
    if (comments.length > 0 || isOverload(member)) return [];
    return [`${lineOf(member)}: ${owner}.${name} has no comment`];
  });
}

/** Their members are the fields that Kubernetes documents. */
const ofKubernetes = /\/src\/kube\/manifest\/types\//;

type Member = ts.ClassElement | ts.TypeElement;

function membersOf(declaration: ts.Node): Member[] {
  if (ofKubernetes.test(declaration.getSourceFile().fileName)) return [];
  if (ts.isInterfaceDeclaration(declaration)) return [...declaration.members];
  if (!ts.isClassDeclaration(declaration)) return [];
  return declaration.members.filter((member) => !ts.isConstructorDeclaration(member) && isPublic(member));
}

function isPublic(member: ts.ClassElement): boolean {
  if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if (ts.getCombinedModifierFlags(member) & hidden) return false;
  return !ts.getJSDocTags(member).some(({ tagName }) => tagName.text === "internal");
}

/** Another signature of the same name has the comment. */
function isOverload(member: Member): boolean {
  const siblings = "members" in member.parent ? (member.parent.members as readonly Member[]) : [];
  const name = member.name?.getText();
  return siblings.some(
    (other) =>
      other !== member && other.name?.getText() === name && ts.getJSDocCommentsAndTags(other).length > 0,
  );
}

function isDocumented(symbol: ts.Symbol): boolean {
  return symbol.getDocumentationComment(undefined).length > 0 || symbol.getJsDocTags().length > 0;
}

function hasExample(symbol: ts.Symbol): boolean {
  return symbol.getJsDocTags().some(({ name }) => name === "example");
}

function isOurs(declaration: ts.Declaration): boolean {
  return relative(projectDirectory, declaration.getSourceFile().fileName).startsWith("src/");
}

function placeOf({ declarations = [] }: ts.Symbol): string {
  return declarations[0] ? lineOf(declarations[0]) : "";
}

function lineOf(node: ts.Node): string {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(projectDirectory, source.fileName)}:${line + 1}`;
}
