import { WireError } from "../../wire/wire-error.js";
import { readHead } from "./head.js";
import { refusalText } from "./refusal-text.js";

/** What came of a request to change protocols. */
export type UpgradeAnswer =
  | { readonly headers: ReadonlyMap<string, string>; readonly rest: Buffer }
  | { readonly statusCode: number; readonly said: string };

/** As much as Node's own clients take. */
const maxHeadBytes = 16 * 1024;
const switchingProtocols = 101;

/** Reads the answer to a request to change to `protocol`, as its bytes come in. */
export class AnswerReader {
  readonly #protocol: string;
  #bytes = Buffer.alloc(0);

  constructor(protocol: string) {
    this.#protocol = protocol.toLowerCase();
  }

  /** The answer, once as much as matters of it has come. Throws `WireError`. */
  read(chunk: Buffer): UpgradeAnswer | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    return this.#answer({ isOver: false });
  }

  /** The same when nothing more will come. */
  end(): UpgradeAnswer | undefined {
    return this.#answer({ isOver: true });
  }

  #answer({ isOver }: { isOver: boolean }): UpgradeAnswer | undefined {
    for (let start = 0; ; ) {
      const found = readHead(this.#bytes, start);
      if ((found?.end ?? this.#bytes.length) > maxHeadBytes) {
        throw new WireError(`The answer's head is more than the ${maxHeadBytes} bytes allowed`);
      }
      if (!found) return undefined;
      const { statusCode, headers, end } = found;
      const rest = this.#bytes.subarray(end);
      if (statusCode === switchingProtocols) {
        const isSwitched = headers.get("upgrade")?.toLowerCase() === this.#protocol;
        return isSwitched ? { headers, rest } : { statusCode, said: "" };
      }
      if (statusCode >= 200) {
        const said = refusalText(found, rest, { isOver });
        return said === undefined ? undefined : { statusCode, said };
      }
      // Others of the hundreds come before the answer.
      start = end;
    }
  }
}
