// The table of docs/runtime-config.md is made from src/runtime/config/settings.ts. Without arguments this
// fails where the page differs; with --write it writes the page.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allSettings, type Setting } from "../src/runtime/config/settings.js";
import { defaultConfig } from "../src/runtime/config.js";

const page = fileURLToPath(new URL("../docs/runtime-config.md", import.meta.url));
const begin =
  "<!-- the table is made by scripts/config-reference.ts from src/runtime/config/settings.ts -->\n";
const end = "<!-- end of the table -->\n";

const kinds = {
  text: "text",
  path: "absolute path",
  texts: "list of texts",
  paths: "list of absolute paths",
  handlers: "table, see [handlers](#handlers)",
};

function row([key, setting]: (typeof allSettings)[number]): string {
  const flag = setting.flag === undefined ? "" : `\`--${setting.flag} ${setting.value}\``;
  const cells = [`\`${setting.key}\``, kindOf(setting), shown(defaultConfig[key]), flag, applies(setting)];
  return `| ${[...cells, setting.about].join(" | ")} |\n`;
}

function kindOf({ kind }: Setting): string {
  return typeof kind === "object" ? "one of some words" : kinds[kind];
}

function shown(value: unknown): string {
  if (value === undefined) return "unset";
  if (Array.isArray(value))
    return value.length === 0 ? "`[]`" : value.map((item) => `\`${item}\``).join(", ");
  return typeof value === "object" ? "`runc` alone" : `\`${value}\``;
}

function applies({ reload }: Setting): string {
  return reload ? "reload" : "restart";
}

const head =
  "| key | value | default | flag | takes effect on | what |\n| --- | --- | --- | --- | --- | --- |\n";
const table = `${begin}\n${head}${allSettings.map(row).join("")}\n${end}`;
const text = readFileSync(page, "utf8");
const [before, rest = ""] = text.split(begin);
const after = rest.split(end)[1];
if (after === undefined) throw new Error(`${page} has lost the marks around its table`);
const wanted = `${before}${table}${after}`;
if (process.argv.includes("--write")) writeFileSync(page, wanted);
else if (wanted !== text) {
  console.error(
    "docs/runtime-config.md does not list the keys as they are: npx tsx scripts/config-reference.ts --write",
  );
  process.exitCode = 1;
}
