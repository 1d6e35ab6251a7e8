/**
 * State that rules share by name: lists that several rules, tables and both families share, as the kernel keeps them
 * for a network namespace. One per replay.
 */
export class RuleMemory {
  readonly #kept = new Map<string, object>()

  /**
   * The object of this name, made at its first use.
   * @param type separates objects of different kinds; all objects of a type and name are one
   */
  shared<T extends object>(type: new (...needs: never[]) => T, name: string, make: () => T): T {
    const key = `${type.name} ${name}`
    const kept = this.#kept.get(key)
    if (kept instanceof type) return kept
    const made = make()
    this.#kept.set(key, made)
    return made
  }
}
