import { createRequire } from "node:module";
import { freeNames } from "./names.js";

/** What a snippet may use without having made it: each name with the line that makes it. */
const given: Readonly<Record<string, string>> = {
  cri: "await using cri = await connect();",
  pod: [
    'await using pod = await cri.pods.run({ metadata: { name: "demo" } });',
    'await using server = await pod.runContainer({ metadata: { name: "server" }, image: { image: "nginx" } });',
    'for await (const line of server.logs({ follow: true })) if (line.text === "ready") break;',
  ].join(" "),
  web: 'await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "nginx" }, stdin: true });',
  job: 'await using job = await pod.runContainer({ metadata: { name: "job" }, image: { image: "busybox" }, command: ["echo", "done"] });',
  app: 'await using app = await playPod(cri, { apiVersion: "v1", kind: "Pod", metadata: { name: "app" }, spec: { containers: [{ name: "web", image: "nginx" }] } });',
  runtime: "await using runtime = await startRuntime();",
};

/** The same for a snippet that uses a fake runtime. */
const givenWithFake: typeof given = {
  ...given,
  fake: 'await using fake = await startFakeRuntime({ images: ["nginx", "busybox"] });',
  cri: "await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });",
  pod: 'await using pod = await cri.pods.run({ metadata: { name: "demo" } });',
};

const load = createRequire(import.meta.url);
/** What can be imported from each entry of the built package. */
const entries = ["crikit", "crikit/kube", "crikit/proto", "crikit/runtime", "crikit/testing"].map(
  (entry) => [entry, Object.keys(load(entry))] as const,
);

/** The lines that make what the code uses and has not made, each after those that it needs. */
export function contextFor(code: string, { mayLackImports = false }): string[] {
  const free = freeNames(code);
  const known = free.has("fake") ? givenWithFake : given;
  const lines: string[] = [];
  const add = (name: string) => {
    const line = known[name];
    if (line === undefined || lines.includes(line)) return;
    for (const needed of freeNames(line)) add(needed);
    lines.push(line);
  };
  for (const name of free) add(name);
  const needed = new Set([...freeNames(lines.join("\n")), ...(mayLackImports ? free : [])]);
  for (const [, name = ""] of code.matchAll(/^import \{ (\w+) \} from/gm)) needed.delete(name);
  return [...importsOf(needed), ...lines];
}

function importsOf(names: ReadonlySet<string>): string[] {
  return entries.flatMap(([entry, exported]) =>
    exported.filter((name) => names.has(name)).map((name) => `import { ${name} } from "${entry}";`),
  );
}
