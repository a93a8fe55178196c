// What docs/conformance.md says of specs that do not pass is made from test/conformance/expectations.ts. Without
// arguments this fails where the page differs; with --write it writes the page.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Expectation, expectations } from "../test/conformance/expectations.js";

const page = fileURLToPath(new URL("../docs/conformance.md", import.meta.url));
const begin =
  "<!-- the list is made by scripts/conformance-page.ts from test/conformance/expectations.ts -->\n";
const end = "<!-- end of the list -->\n";

function section({ outcome, reason, on, specs }: Expectation): string {
  const where = on === undefined ? "" : ` on ${on.description}`;
  const list = specs.map((spec) => `- ${spec}\n`).join("");
  return `**${specs.length} ${outcome}${where}**: ${reason}.\n\n${list}`;
}

const text = readFileSync(page, "utf8");
const [before, rest = ""] = text.split(begin);
const after = rest.split(end)[1];
if (after === undefined) throw new Error(`${page} has lost the marks around its list`);
const wanted = `${before}${begin}\n${expectations.map(section).join("\n")}\n${end}${after}`;
if (process.argv.includes("--write")) writeFileSync(page, wanted);
else if (wanted !== text) {
  console.error(
    "docs/conformance.md does not list what is expected: npx tsx scripts/conformance-page.ts --write",
  );
  process.exitCode = 1;
}
