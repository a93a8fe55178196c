import { InvalidArgumentError } from "./errors.js";

/**
 * The annotation of an `ImageSpec` by which PullImage takes the image from a local file and not from a
 * registry. The value is a transport and an absolute path: `oci:/DIRECTORY[:TAG]`,
 * `oci-archive:/FILE[:TAG]` or `docker-archive:/FILE[:TAG]`.
 */
export const imageSourceAnnotation = "crikit.dev/image-source";

/** The local file that the annotations name; undefined when the image is to come from its registry. */
export function imageSource(annotations: { readonly [name: string]: string }): string | undefined {
  const source = annotations[imageSourceAnnotation];
  if (source === undefined) return undefined;
  if (/^(oci|oci-archive|docker-archive):\//.test(source)) return source;
  throw new InvalidArgumentError(
    `image.annotations["${imageSourceAnnotation}"] is "${source}": oci:, oci-archive: or docker-archive: and an absolute path are served`,
    { field: "image.annotations" },
  );
}
