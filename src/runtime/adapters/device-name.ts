import { readFileSync } from "node:fs";

/** The file of a block device, such as `/dev/sda`; `MAJOR:MINOR` where the kernel knows no name. */
export function deviceName({ major, minor }: { major: number; minor: number }): string {
  const numbers = `${major}:${minor}`;
  try {
    const name = /^DEVNAME=(.+)$/m.exec(readFileSync(`/sys/dev/block/${numbers}/uevent`, "utf8"))?.[1];
    return name === undefined ? numbers : `/dev/${name}`;
  } catch {
    return numbers;
  }
}
