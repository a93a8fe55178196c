import { UnsupportedError } from "../errors.js";
import type { ImageService, RuntimeService } from "../proto.js";
import type { Connection } from "../transport/connection.js";

/** An RPC by its name on the service clients. */
type RpcName = keyof (typeof RuntimeService)["method"] | keyof (typeof ImageService)["method"];

/**
 * What calls have shown so far of each RPC, by its name on the service clients: true, the runtime serves it;
 * false, it does not. Undefined: nobody has called it yet, or no call was answered.
 */
export type Capabilities = Readonly<Partial<Record<RpcName, boolean>>>;

export type LearntRpcs = Map<string, boolean>;

const learnt = new WeakMap<Connection, LearntRpcs>();

/** What is remembered for this connection, by the local names of RPCs. */
export function learntRpcs(connection: Connection): LearntRpcs {
  const known = learnt.get(connection) ?? new Map<string, boolean>();
  learnt.set(connection, known);
  return known;
}

export function isUnsupported(error: unknown): boolean {
  return error instanceof UnsupportedError;
}
