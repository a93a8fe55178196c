import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ByteReader } from "../../src/codec/byte-reader.js";
import { decodeMessage } from "../../src/codec/decode.js";
import { LastTexts } from "../../src/codec/last-texts.js";
import { VersionResponseSchema } from "../../src/proto.js";

setFlagsFromString("--allow-natives-syntax");
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");
const native = (name: string) => new Function("code", `return %${name}(code)`) as (code: unknown) => number;
const prepareToOptimize = native("PrepareFunctionForOptimization");
const optimizeOnNextCall = native("OptimizeFunctionOnNextCall");
const optimizationStatus = native("GetOptimizationStatus");
/** The bit that says so has stayed where it is from Node 20 to 24. */
const isOptimized = (code: unknown) => (optimizationStatus(code) & (1 << 4)) !== 0;

it.each([
  ["the decoder", ByteReader.prototype.text, { runtimeName: "crikit" }],
  [
    "the decoder of lists",
    LastTexts.prototype.isSame,
    { runtimeName: "crikit", version: "1".repeat(20_000) },
  ],
])("the code that V8 has optimized for %s outlives a large garbage collection", (_, code, init) => {
  const bytes = toBinary(VersionResponseSchema, create(VersionResponseSchema, init));
  const decode = () => decodeMessage(VersionResponseSchema, bytes);
  prepareToOptimize(code);
  for (let time = 0; time < 100; time++) decode();
  optimizeOnNextCall(code);
  decode();
  expect(isOptimized(code)).toBe(true);
  collectGarbage();
  decode();
  expect(isOptimized(code)).toBe(true);
});
