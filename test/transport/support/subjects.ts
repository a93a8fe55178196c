import { createConnection } from "node:net";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Connection, openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";

export interface SubjectOptions {
  readonly maxMessageBytes?: number;
  readonly interceptors?: Interceptor[];
}

/** A transport under test. */
export interface Subject {
  readonly name: string;
  open(path: string, options?: SubjectOptions): Connection;
}

export const ownTransport: Subject = {
  name: "crikit",
  open: (path, options) => openConnection(parseEndpoint(path), options),
};

export const connectNodeTransport: Subject = {
  name: "connect-node",
  open(path, { maxMessageBytes, interceptors } = {}) {
    const transport = createGrpcTransport({
      baseUrl: "http://localhost",
      nodeOptions: { createConnection: () => createConnection(path) },
      acceptCompression: [],
      ...(maxMessageBytes && { readMaxBytes: maxMessageBytes }),
      ...(interceptors && { interceptors }),
    });
    return openConnection(parseEndpoint(path), { transport });
  },
};
