import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";

import { CriError, UnavailableError } from "../errors.js";

export interface UpgradeOptions {
  method: "GET" | "POST";
  headers: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  /** For runtimes that serve sessions by https. */
  tls?: (SecureContextOptions & { rejectUnauthorized?: boolean }) | undefined;
}

export interface Upgraded {
  readonly socket: Socket;
  /** What came with the answer already. */
  readonly head: Buffer;
  readonly headers: IncomingMessage["headers"];
}

/** The server has answered, but not with a change of protocols. */
export class UpgradeRefused extends CriError {
  readonly statusCode: number;

  constructor(statusCode: number, body: string) {
    const said = body.trim().slice(0, 200);
    super(
      "unavailable",
      `The streaming server refused the session: HTTP ${statusCode}${said && `, ${said}`}`,
    );
    this.name = "UpgradeRefused";
    this.statusCode = statusCode;
  }
}

/** Asks the server at a streaming URL to change protocols, and hands over the connection when it does. */
export function upgrade(url: URL, options: UpgradeOptions): Promise<Upgraded> {
  const { method, headers, signal, tls } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request: ClientRequest = send(url, { method, headers, agent: false, ...tls });
    const onAbort = () => request.destroy(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (result: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      result();
    };
    request.once("upgrade", (response, socket, head) => {
      settle(() => resolve({ socket: socket as Socket, head, headers: response.headers }));
    });
    request.once("response", (response) => {
      void readBody(response).then((body) => {
        settle(() => reject(new UpgradeRefused(response.statusCode ?? 0, body)));
      });
    });
    request.once("error", (error) => {
      settle(() => reject(signal?.aborted ? signal.reason : unreachable(url, error)));
    });
    request.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) {
      body += chunk;
      if (body.length > 1000) break;
    }
  } catch {
    // Half of what it said is better than none.
  }
  return body;
}

function unreachable(url: URL, cause: Error): UnavailableError {
  // Loopback is the node's, and every pod's own.
  const isOwn = /^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  const hint = isOwn ? ": in a pod, run with hostNetwork" : "";
  return new UnavailableError(
    `The streaming server at ${url.host} cannot be reached: ${cause.message}${hint}`,
    { cause },
  );
}
