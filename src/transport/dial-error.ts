import {
  type CriErrorOptions,
  NoPermissionError,
  NotRunningError,
  StaleSocketError,
  UnavailableError,
} from "../errors.js";
import { type Endpoint, isNamedPipe } from "./endpoint.js";

/**
 * The error of a call whose dial failed, undefined when the cause is another: connect(2) says by its errno what
 * is the matter with the socket, and each has another mend.
 */
export function dialError(
  cause: unknown,
  endpoint: Endpoint,
  options: CriErrorOptions,
): UnavailableError | NoPermissionError | undefined {
  const errno = dialErrno(cause);
  const { path } = endpoint;
  const isPipe = isNamedPipe(path);
  switch (errno) {
    case undefined:
      return undefined;
    case "ENOENT":
    case "ENOTDIR":
      return new NotRunningError(
        `There is no ${isPipe ? "pipe" : "socket"} ${path}: start the runtime or mend the endpoint`,
        options,
      );
    case "EACCES":
    case "EPERM":
      return new NoPermissionError(
        isPipe
          ? `The pipe ${path} may not be opened: run as an administrator`
          : `The socket ${path} may not be opened: run as root or as a member of the socket's group`,
        options,
      );
    case "ECONNREFUSED":
      return new StaleSocketError(
        `Nobody listens on ${path}: the runtime has ended without removing its socket, start it again`,
        options,
      );
    default:
      return new UnavailableError(`The socket ${path} could not be reached: ${errno}`, options);
  }
}

function dialErrno(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    if ("syscall" in each && each.syscall === "connect" && "code" in each) return String(each.code);
  }
  return undefined;
}
