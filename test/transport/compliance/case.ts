import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { CriError } from "../../../src/errors.js";
import { RuntimeService } from "../../../src/proto.js";
import type { Connection } from "../../../src/transport/connection.js";
import type { RawServer, StreamHandler } from "../support/raw-server.js";
import type { SubjectOptions } from "../support/subjects.js";

/** What a case works with; all of it ends with the case. */
export interface CaseTools {
  /** A socket path of its own. */
  readonly path: string;
  /** Starts a server on it. */
  serve(handler: StreamHandler): Promise<RawServer>;
  /** A connection of the transport under test to it. */
  connect(options?: SubjectOptions): Connection;
  /** A client of connect-es on such a connection, which gives the transport's own errors. */
  client(options?: SubjectOptions): Client<typeof RuntimeService>;
}

/** One behaviour: what is seen of it, as a value, and what that ought to be. */
export interface ComplianceCase {
  readonly name: string;
  see(tools: CaseTools): Promise<unknown>;
  readonly expected: unknown;
}

export function rpcClient(connection: Connection): Client<typeof RuntimeService> {
  return createClient(RuntimeService, connection.transport);
}

/** How a call ended: `ok`, or the code of its error. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof ConnectError) return codeName(error.code);
    return error instanceof CriError ? `CriError ${error.code}` : `unexpected: ${error}`;
  }
}

/** The error that the call ends with. */
export async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
  throw new Error("The call has not failed");
}

export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

function codeName(code: Code): string {
  return Code[code].replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
