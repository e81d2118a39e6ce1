import { readFileSync } from 'node:fs'
import { decode } from '../../../examples/data/columns.mjs'

/** The first of the commits that lie in the repository, as the lines of JSON that they are. */
export function commitLines(count: number): string[] {
  const file = new URL('../../../examples/data/commits.columns.br', import.meta.url)
  const lines: string[] = []
  for (const line of decode(readFileSync(file))) {
    lines.push(line)
    if (lines.length === count) break
  }
  return lines
}
