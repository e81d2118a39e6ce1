/** Something that must never happen, happened. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function check(holds: boolean, invariant: string, sentence: () => string): void {
  if (!holds) throw new Violation(`${invariant}: ${sentence()}`)
}
