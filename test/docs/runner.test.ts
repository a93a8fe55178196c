import { beforeAll, describe, expect, test } from "vitest";
import { type Compiled, compile } from "./snippets/compile.js";
import { fencesOf } from "./snippets/fences.js";
import { type Program, programOf } from "./snippets/program.js";
import { runProgram } from "./snippets/run.js";

const page = (name: string, text: string) => programOf(name, fencesOf(name, text.replaceAll("'''", "```")));

const good = page(
  "good.md",
  `# Title
'''ts
import { once } from "node:events";
const word = "one";
console.log(word, typeof once);
console.log("a number: 17\\nand\\nmore");
'''
'''text
one function
a number: ...
...
more
'''
What is above is there, and may be declared anew:
'''ts
import { once } from "node:events";
console.log(word, once.name);
'''
'''text
one once
'''
'''ts
const word = 2;
console.log(word);
'''
'''ts no-run It would end the process.
process.exit(1);
'''
`,
);
const wrongType = page(
  "type.md",
  `'''ts
console.log("fine");
'''
'''ts
import { noSuchName } from "crikit";
const count: number = "one";
'''
`,
);
const throwing = page("throw.md", `'''ts\nconst a = 1;\nthrow new Error("a is " + a);\n'''\n`);
const lying = page("lie.md", `'''ts\nconsole.log("yes");\n'''\n\n'''text\nno\n'''\n`);
const endless = page("loop.md", `'''ts\nconsole.log(1);\n'''\n\n'''ts\nfor (;;);\n'''\n`);
const comment = page(
  "src/some.ts",
  `/**
 * Says what.
 *
 * @example
 * '''ts
 * console.log(parseImageRef("a").tag, typeof cri);
 * '''
 */`,
);

let compiled: ReadonlyMap<Program, Compiled>;
beforeAll(() => {
  compiled = compile("runner", [good, wrongType, throwing, lying, endless, comment]);
});

function run(program: Program, limitMs?: number): Promise<void> {
  const { path = "", complaints = [] } = compiled.get(program) ?? {};
  expect(complaints).toEqual([]);
  return runProgram(program, path, { endpoint: "unix:///nowhere/cri.sock", limitMs });
}

describe("a page", () => {
  test("is one program, whose snippets print what the page says", async () => {
    await run(good);
    expect(good.notRun).toEqual([{ place: "good.md:27", reason: "It would end the process." }]);
  });

  test("that does not fit the package's types is told with its lines", () => {
    expect(compiled.get(wrongType)?.complaints).toEqual([
      expect.stringMatching(/^type.md:5: TS2305: .*noSuchName/),
      expect.stringMatching(/^type.md:6: TS2322: /),
    ]);
  });

  test("that throws is told with its line", async () => {
    await expect(run(throwing)).rejects.toThrow(/^throw.md failed:.*a is 1.*throw.md:3/s);
  });

  test("that prints something else is told with both", async () => {
    await expect(run(lying)).rejects.toThrow("lie.md:6: the page says\nno\nand the snippet prints\nyes");
  });

  test("that does not end is told with the snippet", async () => {
    await expect(run(endless, 1000)).rejects.toThrow("loop.md:6: does not end within 1000 ms by itself");
  });

  test("with a block that is not closed is told", () => {
    expect(() => page("open.md", "'''ts\n1;\n")).toThrow("open.md:1: this block is not closed");
  });
});

test("an example in a comment is given what it uses: names of the package, and a connection to a runtime", async () => {
  await expect(run(comment)).rejects.toThrow(/src\/some.ts failed:.*\/nowhere\/cri.sock/s);
});
