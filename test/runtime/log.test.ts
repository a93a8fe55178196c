import { describe, expect, it } from "vitest";

import { createLogger } from "../../src/runtime/log.js";

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function logger(format: "json" | "text") {
  const lines: string[] = [];
  return { lines, log: createLogger("info", (line) => lines.push(line), format) };
}

describe("The log", () => {
  it("is a JSON object a line", () => {
    const { log, lines } = logger("json");
    log.warn("Odd\nthing", { id: "a", size: 3n, error: new Error("broken pipe"), unset: undefined });
    const { time: when, ...line } = JSON.parse(lines[0] ?? "");
    expect(when).toMatch(time);
    expect(line).toEqual({ level: "warn", message: "Odd\nthing", id: "a", size: "3", error: "broken pipe" });
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
  });

  it("is text for people when asked, and still one line a message", () => {
    const { log, lines } = logger("text");
    log.info("Pod runs", { id: "a-1", error: new Error("two\nlines"), unset: undefined, ports: [80] });
    const [when = "", ...rest] = (lines[0] ?? "").split(" ");
    expect(when).toMatch(time);
    expect(rest.join(" ")).toBe('INFO  Pod runs id=a-1 error="two\\nlines" ports=[80]\n');
  });

  it("drops what is below its level, which can be changed while it is in use", () => {
    const { log, lines } = logger("text");
    log.debug("no");
    log.level = "debug";
    log.debug("yes");
    log.level = "error";
    log.warn("no");
    expect(lines.map((line) => line.trimEnd().split(" ").at(-1))).toEqual(["yes"]);
  });

  it("shows all errors of several, without the secrets of URLs", () => {
    const { log, lines } = logger("json");
    const errors = [new Error("GET https://u:p4ss@h/x?token=t0k: refused"), new Error("b")];
    log.error("Could not", { error: new AggregateError(errors, "both") });
    expect(JSON.parse(lines[0] ?? "").error).toEqual({
      message: "both",
      errors: ["GET https://[redacted]@h/x?[redacted] refused", "b"],
    });
  });
});
