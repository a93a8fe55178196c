import { test } from "vitest";

/** `test` where the runtime is able to do what it needs; elsewhere there is no such test. */
export function testWhere(able: boolean) {
  return (name: string, body: () => Promise<void>): void => {
    if (able) test(name, body);
  };
}
