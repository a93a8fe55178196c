import type { JsonObject } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../../errors.js";

/** How a call ended; `left`: its reader went, or it was still going on. */
export type RecordedEnd = "done" | "left" | { readonly code: number; readonly message: string };

/** One call of an RPC, as one line of a recording. */
export interface RecordedCall {
  /** As the contract has it: `ListContainers`. */
  readonly rpc: string;
  /** Without secrets. */
  readonly request: JsonObject;
  readonly replies: JsonObject[];
  end: RecordedEnd;
}

/** Reads a recording: one call in each line, as JSON. */
export function parseRecording(text: string): RecordedCall[] {
  return text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [parseCall(line, index + 1)]));
}

function parseCall(line: string, number: number): RecordedCall {
  try {
    const call: unknown = JSON.parse(line);
    if (isCall(call)) return call;
  } catch (error) {
    throw invalid(number, error);
  }
  throw invalid(number);
}

function isCall(value: unknown): value is RecordedCall {
  if (typeof value !== "object" || value === null) return false;
  const { rpc, request, replies, end } = value as Partial<RecordedCall>;
  const isEnd = end === "done" || end === "left" || typeof end?.code === "number";
  return typeof rpc === "string" && typeof request === "object" && Array.isArray(replies) && isEnd;
}

function invalid(number: number, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `Line ${number} of the recording is no recorded call: give the text of recordCalls() as it was`,
    { field: "recording", cause },
  );
}
