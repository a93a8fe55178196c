/** `$(NAME)` becomes the variable where there is one; `$$` a dollar. All else stays. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:(\$)|\(([^)]*)\))/g, (whole: string, dollar: string | undefined, name: string) =>
    dollar ? dollar : (variables.get(name) ?? whole),
  );
}

/** The variables that a text asks for and that there are not. */
export function missingVariables(text: string, variables: ReadonlyMap<string, string>): string[] {
  const asked = [...text.matchAll(/\$(?:\$|\(([^)]*)\))/g)].map(([, name]) => name);
  return asked.filter((name) => name !== undefined && !variables.has(name)) as string[];
}
