import { expect, test } from "vitest";
import { readOptions } from "./options.js";

test("without variables both transports have one run each, with seeds that differ", () => {
  const { nextSeed, ...options } = readOptions({});
  expect(options).toEqual({
    endpoint: undefined,
    registryPort: undefined,
    transports: ["SPDY", "WebSocket"],
    repeat: 1,
  });
  expect(new Set(Array.from({ length: 5 }, nextSeed)).size).toBe(5);
});

test("a seed and a transport repeat one run", () => {
  const { nextSeed, transports } = readOptions({ SEED: "42", TRANSPORT: "WebSocket" });
  expect([nextSeed(), nextSeed()]).toEqual([42, 42]);
  expect(transports).toEqual(["WebSocket"]);
});

test.each([
  [{ SEED: "0" }, /SEED is 0: give a whole number from 1/],
  [{ REPEAT: "ten" }, /REPEAT is ten: give a whole number/],
  [{ REGISTRY_PORT: "70000" }, /REGISTRY_PORT is 70000: give a whole number from 1 to 65535/],
  [{ TRANSPORT: "spdy" }, /TRANSPORT is spdy: give one of SPDY, WebSocket/],
])("%j is refused", (env, message) => {
  expect(() => readOptions(env)).toThrow(message);
});
