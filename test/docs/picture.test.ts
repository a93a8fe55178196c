import { readFileSync } from "node:fs";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { drawTerminal } from "../../scripts/picture/terminal.js";

const parser = new XMLParser({ ignoreAttributes: false, trimValues: false, htmlEntities: true });

function textsIn(svg: string): string[] {
  expect(XMLValidator.validate(svg)).toBe(true);
  const { svg: root } = parser.parse(svg);
  expect(root["@_xmlns"]).toBe("http://www.w3.org/2000/svg");
  expect(root["@_viewBox"]).toBe(`0 0 ${root["@_width"]} ${root["@_height"]}`);
  return root.g.text.map((text: { "#text": string }) => text["#text"]);
}

test("a terminal is drawn as valid SVG, whatever was printed", () => {
  const lines = [' 1. A step <of> "two" & more', "      what came of it]]>"];
  expect(textsIn(drawTerminal("run a && b", lines))).toEqual([
    "$ run a && b",
    '1. A step <of> "two" & more',
    "what came of it]]>",
  ]);
});

test("the picture of the quickstart shows each step that it has today (else: npm run picture)", () => {
  const source = readFileSync("examples/quickstart.ts", "utf8");
  const ownStory = source.replace(/async function pullFromLoopback[\s\S]*?\n}\n/, "");
  const steps = [...ownStory.matchAll(/step\(\s*"([^"]+)"/g)].map(([, title]) => title);
  expect(steps.length).toBeGreaterThan(9);
  const shown = textsIn(readFileSync("docs/quickstart.svg", "utf8"));
  const titles = shown.flatMap((text) => /^\d+\. (.+?)[ .]* \d+ ms$/.exec(text)?.[1] ?? []);
  expect(titles.sort()).toEqual(steps.sort());
  expect(shown.at(-1)).toBe("quickstart: ok");
});
