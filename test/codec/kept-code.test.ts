import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ByteReader } from "../../src/codec/byte-reader.js";
import { decodeMessage } from "../../src/codec/decode.js";
import { VersionResponseSchema } from "../../src/proto.js";

setFlagsFromString("--allow-natives-syntax");
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");
/** Of V8; the bits that say so have stayed where they are from Node 20 to 24. */
const optimizationStatus = new Function("code", "return %GetOptimizationStatus(code)") as (
  code: unknown,
) => number;
const optimizedBits = 1 << 4;

function isOptimized(code: unknown): boolean {
  return (optimizationStatus(code) & optimizedBits) !== 0;
}

it("the code that V8 has optimized for the decoder outlives a large garbage collection", async () => {
  const bytes = toBinary(VersionResponseSchema, create(VersionResponseSchema, { runtimeName: "crikit" }));
  await expect
    .poll(
      () => {
        for (let time = 0; time < 10_000; time++) decodeMessage(VersionResponseSchema, bytes);
        return isOptimized(ByteReader.prototype.string);
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  collectGarbage();
  decodeMessage(VersionResponseSchema, bytes);
  expect(isOptimized(ByteReader.prototype.string)).toBe(true);
});
