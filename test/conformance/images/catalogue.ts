import type { ImageFile, ImageFiles } from "../../../src/testing/image-files.js";
import type { ImageDefaults } from "../../../src/testing/image-layout.js";
import type { Programs } from "./programs.js";

/** An image, under all the names by which the suite asks for it, without the registry's. */
export interface SuiteImage {
  readonly names: readonly string[];
  readonly layers: readonly ImageFiles[];
  readonly defaults: ImageDefaults;
}

const end2end = "e2e-test-images";
const staging = "k8s-staging-cri-tools";
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Sandbox images of runtimes that take one from a registry. One spec removes 3.9 by its ID, so each has its own. */
const pauseVersions = ["3.6", "3.8", "3.9", "3.10", "3.10.1"];

/** All images of the suite but the one that it wants by a fixed digest. */
export function suiteImages(programs: Programs): SuiteImage[] {
  const base = busyboxFiles(programs);
  const image = (names: readonly string[], files: ImageFiles = {}, defaults: ImageDefaults = {}) => ({
    names,
    // The name makes it an image of its own.
    layers: [base, { "/image-name": names.join(" "), ...files }],
    defaults: { env: [path], cmd: ["sh"], ...defaults },
  });
  const plain = (name: string) => image([`${staging}/${name}`]);
  const user = (name: string, user: string) => image([`${staging}/${name}:latest`], {}, { user });
  const web = (imageName: string, name: string, title: string, port: number) => {
    const program = `/usr/sbin/${name}`;
    const args = ["-n", name, "-t", title, "-p", `${port}`, "-P", `/var/run/${name}.pid`];
    return image([imageName], { [program]: { from: programs.web } }, { cmd: [program, ...args] });
  };
  const nginx = ["nginx", "nginx: master process nginx -g daemon off;"] as const;
  return [
    image([`${end2end}/busybox:1.29-2`]),
    web(`${end2end}/nginx:1.14-2`, ...nginx, 80),
    web(`${end2end}/httpd:2.4.39-4`, "httpd", "httpd -DFOREGROUND", 80),
    web(`${staging}/hostnet-nginx-${architecture}:latest`, ...nginx, 12003),
    image(
      [`${end2end}/nonewprivs:1.3`],
      { "/nnp": { from: programs.nnp, mode: 0o4755 } },
      { cmd: undefined, entrypoint: ["/nnp"] },
    ),
    plain("test-image-1:latest"),
    plain("test-image-2:latest"),
    plain("test-image-3:latest"),
    plain("test-image-latest:latest"),
    plain("test-image-tag:test"),
    plain("test-image-tag:all"),
    image(["1", "2", "3"].map((tag) => `${staging}/test-image-tags:${tag}`)),
    user("test-image-user-uid", "1002"),
    user("test-image-user-username", "www-data"),
    user("test-image-user-uid-group", "1003:1004"),
    user("test-image-user-username-group", "www-data:1004"),
    image([`${staging}/test-image-predefined-group:latest`], predefinedGroup, { user: "1000" }),
    ...pauseVersions.map((version) => pause(programs, version)),
  ];
}

function busyboxFiles({ busybox, applets }: Programs): ImageFiles {
  const files: Record<string, ImageFile> = {
    "/bin/busybox": { from: busybox },
    "/root": { directory: true, mode: 0o700 },
    "/tmp": { directory: true, mode: 0o1777 },
    "/etc/passwd": lines(
      "root:x:0:0:root:/root:/bin/sh",
      "www-data:x:33:33:www-data:/var/www:/bin/false",
      "nobody:x:65534:65534:nobody:/home:/bin/false",
    ),
    "/etc/group": lines("root:x:0:", "www-data:x:33:", "nogroup:x:65534:"),
  };
  for (const name of ["dev", "home", "proc", "sys", "usr/bin", "usr/sbin", "var/run", "var/www"]) {
    files[`/${name}`] = { directory: true };
  }
  for (const applet of applets) files[`/bin/${applet}`] = { link: "busybox" };
  // One spec masks this one alone.
  files["/bin/ls"] = { from: busybox };
  return files;
}

const predefinedGroup: ImageFiles = {
  "/etc/passwd": lines(
    "root:x:0:0:root:/root:/bin/sh",
    "default-user:x:1000:1000:default user:/home:/bin/sh",
  ),
  "/etc/group": lines("root:x:0:", "default-user:x:1000:", "group-defined-in-image:x:50000:default-user"),
};

function pause(programs: Programs, version: string): SuiteImage {
  return {
    names: [`pause:${version}`],
    layers: [{ "/pause": { from: programs.pause } }],
    defaults: { user: "65535:65535", entrypoint: ["/pause"], labels: { version } },
  };
}

function lines(...all: string[]): string {
  return `${all.join("\n")}\n`;
}
