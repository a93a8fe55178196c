import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { defaultConfig, type HandlerConfig } from "../../../src/runtime/index.js";

/**
 * Takes the place of criu where the real one cannot work: runc does all but the dump, which is a few words in the
 * images' place, and starts the command anew in place of a restore. `fail` and `hang` in its directory, holding a
 * container's ID, have that container's dump or restore go wrong.
 */
export interface StandInCriu extends AsyncDisposable {
  readonly directory: string;
  readonly handler: HandlerConfig;
}

const runcWithoutDump = (directory: string) => `#!/bin/sh
for word; do last=$word; done
case " $* " in
*" restore "*)
  if grep -qs "$last" ${directory}/fail; then
    while [ $# -gt 0 ]; do
      case $1 in --work-path) work=$2 ;; esac
      shift
    done
    echo "(00.02) Error (criu/pstree.c:420): Pid 1 does not match expected 7" >> "$work/restore.log"
    echo "criu failed: type NOTIFY errno 0" >&2
    exit 1
  fi
  while [ "$1" != restore ]; do
    before="$before $1"
    shift
  done
  while [ $# -gt 0 ]; do
    case $1 in --bundle) bundle=$2 ;; --pid-file) pid=$2 ;; --image-path) images=$2 ;; esac
    shift
  done
  [ -f "$images/inventory.img" ] || exit 1
  exec runc $before run --detach --bundle "$bundle" --pid-file "$pid" "$last"
  ;;
*" checkpoint "*) ;;
*) exec runc "$@" ;;
esac
while [ $# -gt 0 ]; do
  case $1 in --image-path) images=$2 ;; --work-path) work=$2 ;; esac
  shift
done
echo "(00.01) Dumping processes" > "$work/dump.log"
if grep -qs "$last" ${directory}/fail; then
  echo "(00.02) Error (criu/sk-inet.c:191): Connected TCP socket" >> "$work/dump.log"
  echo "(00.03) Error (criu/cr-dump.c:1): Dumping FAILED" >> "$work/dump.log"
  echo "criu failed: type NOTIFY errno 0" >&2
  exit 1
fi
while grep -qs "$last" ${directory}/hang; do sleep 0.05; done
echo "pages of $last" > "$images/pages-1.img"
echo inventory > "$images/inventory.img"
echo stats > "$work/stats-dump"
`;

/** `check` is what `criu check` does, in sh. */
export async function standInCriu(check = "exit 0"): Promise<StandInCriu> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-criu-"));
  const bin = join(directory, "bin");
  await mkdir(bin);
  const program = join(directory, "runc-without-dump");
  await writeFile(program, runcWithoutDump(directory));
  await writeFile(join(bin, "criu"), `#!/bin/sh\n${check}\n`);
  for (const path of [program, join(bin, "criu")]) await chmod(path, 0o755);
  const { PATH = "" } = process.env;
  process.env.PATH = [bin, PATH].join(delimiter);
  const runc = defaultConfig.handlers.runc as HandlerConfig;
  return {
    directory,
    handler: { ...runc, path: program },
    async [Symbol.asyncDispose]() {
      process.env.PATH = PATH;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
