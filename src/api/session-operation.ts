import type { Duplex } from "node:stream";
import { channels, type SessionDiagnostics } from "../diagnostics/channels.js";
import { Operation } from "../diagnostics/operation.js";
import type { Session } from "../sessions/session.js";
import type { ApiContext } from "./context.js";

type Subject = Pick<SessionDiagnostics, "kind" | "id" | "program" | "port">;

/** Opens a session and tells of it until it has ended. */
export async function observeSession(
  context: ApiContext,
  subject: Subject,
  open: () => Promise<Session>,
): Promise<Session> {
  const operation = beginSession(context, subject);
  if (!operation) return open();
  const session = await opened(operation, open);
  session.exited.then(
    ({ exitCode }) => {
      operation.payload.exitCode = exitCode;
      operation.end({ "process.exit.code": exitCode });
    },
    (error) => operation.fail(error),
  );
  return session;
}

/** The same for a connection to a port. */
export async function observeConnection(
  context: ApiContext,
  subject: Subject,
  open: () => Promise<Duplex>,
): Promise<Duplex> {
  const operation = beginSession(context, subject);
  if (!operation) return open();
  const connection = await opened(operation, open);
  connection.once("close", () => {
    const { errored } = connection;
    // Node's own, for a reader who has left.
    if (errored && errored.name !== "AbortError") operation.fail(errored);
    else operation.end();
  });
  return connection;
}

async function opened<T>(operation: Operation<SessionDiagnostics>, open: () => Promise<T>): Promise<T> {
  try {
    return await operation.run(open);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
}

function beginSession(
  { endpoint, tracing }: ApiContext,
  { kind, id, program, port }: Subject,
): Operation<SessionDiagnostics> | undefined {
  return Operation.begin({ channel: channels.session, tracing }, () => ({
    payload: { endpoint, kind, id, program, port },
    span: {
      name: `crikit.${kind}`,
      attributes: {
        [kind === "port-forward" ? "k8s.pod.sandbox.id" : "container.id"]: id,
        "process.executable.name": program,
        "crikit.port": port,
      },
    },
  }));
}
