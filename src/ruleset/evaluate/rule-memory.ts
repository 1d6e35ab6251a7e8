/**
 * What rules remember beyond themselves, by name: lists that several rules, tables and both families share, as the kernel
 * keeps them for a network namespace. One per replay.
 */
export class RuleMemory {
  readonly #kept = new Map<string, object>()

  /**
   * The thing of this name, made at its first use.
   * @param type tells things of different kinds apart; what is kept under a name is always one of it
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
