import type { TestFunctions } from './suite.js'

/** A test that was declared and can be run. */
export interface DeclaredTest {
  /** The titles of its groups and its own, joined by ' > '. */
  title: string
  run(): Promise<void>
}

/** For where there is no test framework, such as a page in a browser: keeps what is declared. */
export function collectTests(): TestFunctions & { readonly tests: readonly DeclaredTest[] } {
  const tests: DeclaredTest[] = []
  const groups: string[] = []
  return {
    tests,
    describe(title, body) {
      groups.push(title)
      body()
      groups.pop()
    },
    it(title, run) {
      tests.push({ title: [...groups, title].join(' > '), run })
    },
  }
}
