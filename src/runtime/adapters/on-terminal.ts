/** Quoted for a shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The command line that runs a program on a terminal of its own, whose both ends are plain pipes to us: the
 * program's exit code is kept, and its output waits for whoever reads it. Node can neither make a terminal nor
 * be handed one. The terminal passes on every byte as it is.
 */
export function onTerminal(command: readonly string[]): { command: string[]; env: NodeJS.ProcessEnv } {
  const script = `stty raw -echo && exec ${command.map(quote).join(" ")}`;
  return {
    command: [
      "script",
      "--quiet",
      "--flush",
      "--return",
      "--echo",
      "never",
      "--command",
      script,
      "/dev/null",
    ],
    // The shell that script has run it.
    env: { SHELL: "/bin/sh" },
  };
}
