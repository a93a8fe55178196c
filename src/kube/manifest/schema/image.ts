import { parseImageRef } from "../../../image-ref.js";
import { checked } from "./structures.js";
import { oneOf, text } from "./values.js";

export const imageReference = checked(
  text,
  (given) => {
    try {
      parseImageRef(given);
      return undefined;
    } catch (error) {
      return `is no image: ${error instanceof Error ? error.message : error}`;
    }
  },
  "image reference",
);

export const pullPolicy = oneOf("Always", "IfNotPresent", "Never");
