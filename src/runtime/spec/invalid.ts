import { InvalidArgumentError } from "../../errors.js";

/** An error that begins with the field it is about, in the contract's spelling: `config.mounts[0].host_path`. */
export function invalid(field: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`${field} ${problem}`, { field });
}
