import { randomBytes } from "node:crypto";

import { CriError } from "../errors.js";

const lifeMs = 60_000;
const mostWaiting = 1000;
const tokenBytes = 32;

interface Waiting<T> {
  request: T;
  expiresAt: number;
}

/**
 * What was asked for by an RPC and is to be fetched by a connection: kept under a secret that nobody can
 * guess, for one minute and one use.
 */
export class Tokens<T> {
  /** In the order in which they expire. */
  readonly #waiting = new Map<string, Waiting<T>>();

  /** Thrown when a thousand sessions wait to be fetched. */
  issue(request: T): string {
    this.#forgetExpired();
    if (this.#waiting.size >= mostWaiting) {
      throw new CriError(
        "resource_exhausted",
        `${mostWaiting} sessions wait to be opened: open them or wait a minute`,
      );
    }
    const token = randomBytes(tokenBytes).toString("base64url");
    this.#waiting.set(token, { request, expiresAt: performance.now() + lifeMs });
    return token;
  }

  /** Undefined for a token that is unknown, used or expired. */
  take(token: string): T | undefined {
    this.#forgetExpired();
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    return waiting?.request;
  }

  #forgetExpired(): void {
    const now = performance.now();
    for (const [token, { expiresAt }] of this.#waiting) {
      if (expiresAt > now) return;
      this.#waiting.delete(token);
    }
  }
}
