import { expect, test } from "vitest";
import { grpcTimeout } from "../../src/transport/deadline.js";

test.each([
  [0.2, "1m"],
  [1.2, "2m"],
  [10_000, "10000m"],
  [99_999_999, "99999999m"],
  [100_000_000, "100000S"],
  [100_000_001, "100001S"],
  [99_999_999_000, "99999999S"],
  [360_000_000_000, "100000H"],
])("`grpcTimeout` of %d ms is %s, at most eight digits and never shorter", (timeoutMs, expected) => {
  expect(grpcTimeout(timeoutMs)).toBe(expected);
});
