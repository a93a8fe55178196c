/** The registries whose images the suite asks for. */
const registries = ["registry.k8s.io", "k8s.gcr.io", "gcr.io"];

/**
 * A file in containers-registries.conf format that leads all pulls of the suite to `host`, and to that alone: what
 * is not there is not asked for on the internet, so that a machine with internet has the same results.
 */
export function registriesConf(host: string): string {
  const entries = registries.map(
    (registry) => `[[registry]]\nprefix = "${registry}"\nlocation = "${host}"\ninsecure = true\n`,
  );
  return entries.join("\n");
}
