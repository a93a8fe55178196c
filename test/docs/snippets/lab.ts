import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, parseImageRef } from "crikit";
import { busyboxImage, type ImageFiles, type ImageSource, serveRegistry, startRuntime } from "crikit/testing";

/** The hosts whose images the snippets pull; a registry on loopback stands in for all of them. */
const hosts = ["docker.io", "registry.k8s.io"];

/** A registry where nobody answers. */
const deadHost = "registry.example";

const images = ["busybox:latest", "nginx:latest", "registry.k8s.io/pause:3.10"];

const known = new Set(images.map((image) => parseImageRef(image).toString()));

const page = "<h1>Welcome to nginx!</h1>\n";
const serve = "trap 'exit 0' TERM; httpd -p 80 -h /usr/share/nginx/html; echo ready; sleep infinity & wait";

/** A runtime with images by the names that the docs use. */
export interface Lab extends AsyncDisposable {
  readonly endpoint: string;
  /** Removes what a snippet has left, and brings back what it has removed. */
  tidy(): Promise<void>;
}

export async function startLab(): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-docs-"));
  const registry = await serveRegistry(await imageSources());
  const registriesConf = join(directory, "registries.conf");
  const served = hosts.map((host) => location(host, registry.host));
  await writeFile(registriesConf, [...served, location(deadHost, "127.0.0.1:1")].join("\n"));
  const runtime = await startRuntime({ registriesConf });
  const cri = await connect(runtime.endpoint);
  const tidy = async () => {
    for (const pod of await cri.pods.list()) await pod.remove();
    for (const { id, repoTags } of await cri.images.list()) {
      if (!repoTags.some((tag) => known.has(tag))) await cri.images.remove(id);
    }
    for (const image of images) await cri.images.ensure(image);
  };
  await tidy();
  return {
    endpoint: runtime.endpoint,
    tidy,
    async [Symbol.asyncDispose]() {
      await cri[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function location(host: string, at: string): string {
  return `[[registry]]\nprefix = "${host}"\nlocation = "${at}"\ninsecure = true\n`;
}

async function imageSources(): Promise<ImageSource[]> {
  const { files, defaults } = await busyboxImage();
  const busybox = { files, defaults };
  const nginx = {
    files: {
      ...files,
      "/srv": { directory: true },
      "/usr/share/nginx/html/index.html": page,
      "/var/log/nginx/access.log": "",
    } satisfies ImageFiles,
    defaults: { ...defaults, cmd: ["sh", "-c", serve] },
  };
  const pause = { files, defaults: { ...defaults, cmd: ["sleep", "infinity"] } };
  return [
    { ref: "library/busybox:latest", ...busybox },
    { ref: "library/nginx:latest", ...nginx },
    { ref: "pause:3.10", ...pause },
    { ref: "e2e-test-images/busybox:1.29-2", files: { ...files, "/etc/issue": "" }, defaults },
  ];
}
