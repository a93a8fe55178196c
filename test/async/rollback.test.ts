import { describe, expect, it } from "vitest";

import { deferred } from "../../src/async/deferred.js";
import { Rollback } from "../../src/async/rollback.js";

describe("Rollback", () => {
  it("undoes last first, past failures, and gives what failed", async () => {
    const undo = new Rollback();
    const done: string[] = [];
    undo.add("remove the directory", () => done.push("directory"));
    undo.add("remove the file", () => {
      throw new Error("busy");
    });
    undo.add("remove the link", () => done.push("link"));
    expect(await undo.run()).toEqual([{ description: "remove the file", error: new Error("busy") }]);
    expect(done).toEqual(["link", "directory"]);
  });

  it("undoes steps that do not need each other at the same time, and what came before them after all of them", async () => {
    const undo = new Rollback();
    const done: string[] = [];
    const unmounted = deferred<void>();
    undo.add("remove the directory", () => done.push("directory"));
    undo.addTogether(
      { description: "unmount", undo: () => unmounted.promise.then(() => done.push("mount")) },
      {
        description: "leave the network",
        async undo() {
          unmounted.resolve();
          throw new Error("no network");
        },
      },
    );
    expect(await undo.run()).toEqual([{ description: "leave the network", error: new Error("no network") }]);
    expect(done).toEqual(["mount", "directory"]);
  });
});
