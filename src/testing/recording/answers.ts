import { isDeepStrictEqual } from "node:util";
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import { imageReadOnly, runtimeReadOnly } from "../../services/read-only.js";
import type { RecordedCall } from "./recorded-call.js";

const readOnly: Record<string, boolean> = { ...runtimeReadOnly, ...imageReadOnly };

/** The answers of a recording, each given in its turn. */
export class Answers {
  readonly #calls: readonly RecordedCall[];
  readonly #given = new Set<RecordedCall>();

  constructor(calls: readonly RecordedCall[]) {
    this.#calls = calls;
  }

  /** The next for this request, or again the last; undefined when there is none. */
  next(method: DescMethod, request: JsonObject): RecordedCall | undefined {
    const ofRpc = this.#calls.filter(({ rpc }) => rpc === method.name);
    const same = ofRpc.filter((call) => isDeepStrictEqual(call.request, request));
    const answer = this.#firstNew(same) ?? same.at(-1) ?? this.#ofAnother(method, ofRpc);
    if (answer) this.#given.add(answer);
    return answer;
  }

  /** What changes something is seldom asked for twice in the same words: a pod has a uid of its own each time. */
  #ofAnother(method: DescMethod, ofRpc: RecordedCall[]): RecordedCall | undefined {
    return readOnly[method.localName] === false ? this.#firstNew(ofRpc) : undefined;
  }

  #firstNew(calls: RecordedCall[]): RecordedCall | undefined {
    return calls.find((call) => !this.#given.has(call));
  }
}
