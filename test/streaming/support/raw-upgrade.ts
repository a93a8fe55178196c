import { type IncomingHttpHeaders, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  socket?: Socket;
  head?: Buffer;
}

/** Asks for a change of protocols with just these headers, and gives whatever comes back. */
export function rawUpgrade(
  url: string,
  headers: Record<string, string | string[]>,
  method = "POST",
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { connection: "Upgrade", ...headers }, agent: false });
    asked.once("upgrade", ({ statusCode = 0, headers }, socket, head) => {
      resolve({ status: statusCode, headers, body: "", socket: socket as Socket, head });
    });
    asked.once("response", async (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: await text(response) });
    });
    asked.once("error", reject).end();
  });
}

export const spdy = (versions: string) => ({ upgrade: "SPDY/3.1", "x-stream-protocol-version": versions });

export const webSocket = (protocols: string) => ({
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  ...(protocols && { "sec-websocket-protocol": protocols }),
});
