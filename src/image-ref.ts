import { InvalidArgumentError } from "./errors.js";

const defaultDomain = "docker.io";
const defaultTag = "latest";
const maxNameLength = 255;

const component = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*";
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainPattern = new RegExp(`^(?:${label}(?:[.]${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha(?:256:[a-f0-9]{64}|384:[a-f0-9]{96}|512:[a-f0-9]{128})$/;

/**
 * An image reference, read and completed as containerd and Docker read it: `nginx` is
 * `docker.io/library/nginx:latest`. Made by {@link parseImageRef} only, so it cannot hold a wrong name.
 */
export interface ImageRef {
  /** The registry, with its port if it has one: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** The repository in that registry: `library/nginx`. */
  readonly path: string;
  /** Domain and path: `docker.io/library/nginx`. */
  readonly repository: string;
  /** `latest` unless told; undefined when the reference has only a digest. */
  readonly tag: string | undefined;
  /** `sha256:...`; undefined when the reference has none. */
  readonly digest: string | undefined;
  /** The completed reference, with tag and digest where there are such. */
  toString(): string;
}

/**
 * Reads an image reference. Throws `InvalidArgumentError` that says which part is wrong.
 *
 * @example
 * ```ts
 * parseImageRef("nginx").toString(); // "docker.io/library/nginx:latest"
 * parseImageRef("localhost:5000/app:1").repository; // "localhost:5000/app"
 * ```
 */
export function parseImageRef(text: string): ImageRef {
  const refuse = (why: string) =>
    new InvalidArgumentError(`Image reference "${text}" ${why}`, { field: "image.image" });
  if (text === "") throw new InvalidArgumentError("The image reference is empty", { field: "image.image" });
  if (/^[a-f0-9]{64}$/.test(text)) throw refuse("is an image ID, not a name");

  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0) throw refuse('has more than one "@"');
  if (digest !== undefined && !digestPattern.test(digest)) {
    throw refuse(`has a digest that is not like sha256:... with 64 lower-case hex digits`);
  }
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) : digest === undefined ? defaultTag : undefined;
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw refuse(
      `has tag "${tag}": 1 to 128 letters, digits, "_", "." and "-", not beginning with the last two`,
    );
  }
  const { domain, path } = splitDomain(hasTag ? named.slice(0, colon) : named);
  if (!domainPattern.test(domain)) throw refuse(`has registry "${domain}", which is not HOST or HOST:PORT`);
  if (path !== path.toLowerCase()) throw refuse(`has repository "${path}", which must be lower-case`);
  if (!pathPattern.test(path)) {
    throw refuse(
      `has repository "${path}": lower-case letters and digits, separated by ".", "_", "-" or "/"`,
    );
  }
  const repository = `${domain}/${path}`;
  if (repository.length > maxNameLength) throw refuse(`has a name of more than ${maxNameLength} characters`);

  const full = `${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  return { domain, path, repository, tag, digest, toString: () => full };
}

/** The part before the first slash is a registry if it looks like a host; else the name is on Docker Hub. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, slash);
  const isHost = slash > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (!isHost) return { domain: defaultDomain, path: slash < 0 ? `library/${name}` : name };
  const domain = first === "index.docker.io" ? defaultDomain : first;
  const path = name.slice(slash + 1);
  return { domain, path: domain === defaultDomain && !path.includes("/") ? `library/${path}` : path };
}
