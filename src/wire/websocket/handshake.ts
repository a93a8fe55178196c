import { createHash, randomBytes } from "node:crypto";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A client's key, sent to prove that the answer is meant for it. */
export function newWebSocketKey(): string {
  return randomBytes(16).toString("base64");
}

/** What a server answers to a client's key. */
export function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}${guid}`).digest("base64");
}

/** The subprotocols that a client offers, by its preference. An absent header is an empty list. */
export function offeredProtocols(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
