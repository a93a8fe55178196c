import { InvalidArgumentError } from "../../errors.js";
import { completeName } from "../images/find-image.js";
import { checkText } from "./conditions.js";

/** The completed name that a field of a filter has. */
export function readImageName(field: string, image: string): string {
  checkText(field, image);
  try {
    return completeName(image);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(error.message, { field, cause: error });
  }
}
