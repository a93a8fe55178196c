import type { ManifestProblem } from "../../../errors.js";

/** A field of a manifest, with the list of problems that reading notes down. */
export class Place {
  readonly path: string;
  readonly problems: ManifestProblem[];

  constructor(path: string, problems: ManifestProblem[]) {
    this.path = path;
    this.problems = problems;
  }

  field(name: string): Place {
    const plain = /^[A-Za-z_]\w*$/.test(name);
    const part = plain ? `${this.path === "" ? "" : "."}${name}` : `[${JSON.stringify(name)}]`;
    return new Place(`${this.path}${part}`, this.problems);
  }

  item(index: number): Place {
    return new Place(`${this.path}[${index}]`, this.problems);
  }

  /** Gives `undefined`, to stand for the value that there is not. */
  invalid(message: string): undefined {
    this.problems.push({ path: this.path, kind: "invalid", message });
    return undefined;
  }

  unsupported(message: string): undefined {
    this.problems.push({ path: this.path, kind: "unsupported", message });
    return undefined;
  }
}
