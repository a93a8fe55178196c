/**
 * `npm run picture`: draws docs/quickstart.svg, a terminal with what a real run of examples/quickstart.ts prints.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { drawTerminal } from "./picture/terminal.js";

const output = execFileSync(process.execPath, ["scripts/quickstart.mjs"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
const story = output.slice(output.search(/^ *1\. /m)); // what is installed before is no part of it
writeFileSync("docs/quickstart.svg", drawTerminal("npm run quickstart", story.trimEnd().split("\n")));
