import { InvalidArgumentError } from "../errors.js";

/** What CRI asks of the channels of a session. */
export function checkChannels(request: {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}): void {
  const { stdin, stdout, stderr, tty } = request;
  if (tty && stderr) {
    throw new InvalidArgumentError("stderr: a terminal has one output: ask for stdout alone", {
      field: "stderr",
    });
  }
  if (!stdin && !stdout && !stderr) {
    throw new InvalidArgumentError("stdin, stdout and stderr are all false: ask for one", {
      field: "stdout",
    });
  }
}
