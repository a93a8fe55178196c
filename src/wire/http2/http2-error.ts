import { WireError } from "../wire-error.js";
import { errorCodes } from "./protocol.js";

/** The peer has broken HTTP/2, and is told so with this code before the connection ends. */
export class Http2Error extends WireError {
  readonly http2Code: number;

  constructor(codeName: keyof typeof errorCodes, message: string) {
    super(`${message} (${codeName})`);
    this.http2Code = errorCodes[codeName];
  }
}
