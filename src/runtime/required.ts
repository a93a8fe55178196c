import { InvalidArgumentError } from "../errors.js";

/** The value of a request's field, which must be there and, if a text, not be empty. */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined || value === "") {
    throw new InvalidArgumentError(`${field} is required`, { field });
  }
  return value;
}
