/** What users run: the loader that runs these files would slow the sources down. */
export async function builtPackage() {
  const built = (name: string) => import(new URL(`../../dist/${name}`, import.meta.url).href);
  const sdk: typeof import("../../src/index.js") = await built("index.js");
  const testing: typeof import("../../src/testing/index.js") = await built("testing/index.js");
  return { ...sdk, ...testing };
}
