import { CriError, ImagePullError, NotFoundError } from "../../../errors.js";
import type { CommandError } from "../run-command.js";

interface Kind {
  pattern: RegExp;
  make(message: string, cause: CommandError): CriError;
}

// The order counts: a registry that cannot be reached may quote the words of the others.
const kinds: Kind[] = [
  {
    pattern: /Source image rejected|signature .*(invalid|required|mismatch)|no signature exists/i,
    make: (message, cause) =>
      new ImagePullError("signature_validation_failed", message, {
        cause,
        reason: "SignatureValidationFailed",
      }),
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    make: (message, cause) => new CriError("resource_exhausted", message, { cause }),
  },
  {
    pattern:
      /digest did not match|digest .*does not match|not match provided manifest digest|unexpected EOF/i,
    make: (message, cause) => new CriError("data_loss", message, { cause }),
  },
  {
    pattern:
      /connection refused|no such host|i\/o timeout|x509:|HTTP response to HTTPS client|connection reset|no route to host|network is unreachable|TLS handshake|server misbehaving|: EOF$|status\b[\w ]*:? 5\d\d|toomanyrequests/i,
    make: (message, cause) =>
      new ImagePullError("registry_unavailable", message, { cause, reason: "RegistryUnavailable" }),
  },
  {
    pattern: /unauthorized|authentication required|access .*denied|denied:|invalid username\/password/i,
    make: (message, cause) => new CriError("permission_denied", message, { cause }),
  },
  {
    pattern:
      /manifest unknown|name unknown|repository .*not found|not found|no image found in image index|no such file or directory/i,
    make: (message, cause) => new NotFoundError(message, { cause }),
  },
];

/** What skopeo's last words mean: it ends with 1 whatever happened, so the text is all there is. */
export function registryError(error: CommandError): CriError {
  const message = withoutSecrets(fatalMessage(error.stderr) || error.message);
  const kind = kinds.find(({ pattern }) => pattern.test(message));
  return kind?.make(message, error) ?? new CriError("unknown", message, { cause: error });
}

function fatalMessage(stderr: string): string {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1];
  return (quoted ?? last).replaceAll('\\"', '"');
}

/** Registries send clients on to addresses that carry their permission in the query. */
function withoutSecrets(message: string): string {
  return message.replace(/(https?:\/\/)(?:[^\s/"@]*@)?([^\s"?]*)(\?[^\s"]*)?/g, "$1$2");
}
