import type { Command } from 'commander'

/** What --help tells beyond the options. */
export interface Manual {
  /** Paragraphs and tables, in the order in which they are to be read. */
  details?: readonly string[]
  /** Commands to type, each with what it does. */
  examples: readonly (readonly [command: string, meaning: string])[]
}

/** Adds details and examples to the help of a command. */
export function withManual(command: Command, { details = [], examples }: Manual): Command {
  const lines = examples.map(([example, meaning]) => `  # ${meaning}\n  $ ${example}`)
  const text = [...details, `Examples:\n${lines.join('\n')}`].join('\n\n')
  return command.addHelpText('after', `\n${text}`)
}
