/** How an object that was only made so far gets its properties. */
const loads = new WeakMap<object, () => object>();

/**
 * Objects of one kind that get their properties with the first look at one of them: they cost next to nothing before.
 * Afterwards they are plain objects.
 */
export class StandIns<T extends object> {
  readonly #prototype: object;

  /** `names` are those of all properties. */
  constructor(names: readonly (keyof T & string)[]) {
    const getters = names.map((name) => [name, { get: getter(name), configurable: true }]);
    this.#prototype = Object.defineProperties({}, Object.fromEntries(getters));
  }

  make(load: (self: T) => T): T {
    const standIn = Object.create(this.#prototype);
    loads.set(standIn, () => load(standIn));
    return standIn;
  }
}

function getter(name: string) {
  return function (this: object): unknown {
    const load = loads.get(this);
    if (load) {
      loads.delete(this);
      const properties = Object.getOwnPropertyDescriptors(load());
      Object.setPrototypeOf(this, Object.prototype);
      Object.defineProperties(this, properties);
    }
    return (this as Record<string, unknown>)[name];
  };
}
