import { describe, expect, it } from "vitest";

import { parseStatus, printSize, printStatus } from "../../src/wire/channels.js";

const nonZero = (message: string) =>
  JSON.stringify({
    metadata: {},
    status: "Failure",
    message: "command terminated with non-zero exit code",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message }] },
  });

describe("the words of an error channel", () => {
  it.each([
    ['{"status":"Success"}', { kind: "exit", exitCode: 0 }],
    ['{"metadata":{},"status":"Success"}', { kind: "exit", exitCode: 0 }],
    [nonZero("3"), { kind: "exit", exitCode: 3 }],
    [nonZero("137"), { kind: "exit", exitCode: 137 }],
    [nonZero("a few"), { kind: "failure", message: "command terminated with non-zero exit code" }],
    [
      '{"metadata":{},"status":"Failure","message":"no such file","reason":"InternalError","code":500}',
      { kind: "failure", message: "no such file" },
    ],
    ["error executing command\n", { kind: "failure", message: "error executing command" }],
    ["null", { kind: "failure", message: "null" }],
    ["{}", { kind: "failure", message: "{}" }],
  ])("%s are read for what they say", (text, status) => {
    expect(parseStatus(text)).toEqual(status);
  });

  it("are printed as they are read", () => {
    for (const status of [
      { kind: "exit", exitCode: 0 },
      { kind: "exit", exitCode: 255 },
      { kind: "failure", message: "no such command" },
    ] as const) {
      expect(parseStatus(printStatus(status))).toEqual(status);
    }
  });
});

it("a size is written with the capital letters that servers look for", () => {
  expect(JSON.parse(printSize({ columns: 80, rows: 24 }))).toEqual({ Width: 80, Height: 24 });
});
