export const redacted = "[redacted]";

/** Takes out of a text what URLs in it hold of secrets: a user with a password, and signatures in the query. */
export function scrub(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s"'@]*@/gi, `$1${redacted}@`)
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s"'?]*\?)[^\s"']+/gi, `$1${redacted}`);
}
