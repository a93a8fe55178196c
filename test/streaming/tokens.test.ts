import { afterEach, describe, expect, it, vi } from "vitest";

import { Tokens } from "../../src/streaming/tokens.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("a token", () => {
  it("gives what it was issued for, once", () => {
    const tokens = new Tokens<string>();
    const token = tokens.issue("exec");
    expect([tokens.take(token), tokens.take(token), tokens.take("another")]).toEqual([
      "exec",
      undefined,
      undefined,
    ]);
  });

  it("lives for a minute", () => {
    vi.useFakeTimers();
    const tokens = new Tokens<string>();
    const [early, late] = [tokens.issue("early"), tokens.issue("late")];
    vi.advanceTimersByTime(59_000);
    expect(tokens.take(early)).toBe("early");
    vi.advanceTimersByTime(1_000);
    expect(tokens.take(late)).toBeUndefined();
  });

  it("is refused when a thousand wait, until some have expired", () => {
    vi.useFakeTimers();
    const tokens = new Tokens<number>();
    for (let index = 0; index < 1000; index += 1) tokens.issue(index);
    expect(() => tokens.issue(1000)).toThrow(expect.objectContaining({ code: "resource_exhausted" }));
    vi.advanceTimersByTime(60_000);
    expect(tokens.issue(1000)).toHaveLength(43);
  });
});
