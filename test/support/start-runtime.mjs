// Starts the built package's runtime, says in a line of JSON how that went, and removes it. Plain JavaScript, as
// it is run in places that have been made inhospitable.
import { existsSync } from "node:fs";
import { startRuntime } from "crikit/testing";

const options = JSON.parse(process.argv[2] ?? "{}");
try {
  const runtime = await startRuntime(options);
  const { endpoint, network } = runtime;
  await runtime[Symbol.asyncDispose]();
  console.log(JSON.stringify({ endpoint, network, isLeft: existsSync(runtime.root) }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
