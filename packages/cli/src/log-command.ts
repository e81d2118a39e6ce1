import { Command, Option } from 'commander'
import { type PlaceOptions, placeOptions } from './log-place.js'
import type { Output } from './output.js'

/** The options of every command that works on a log and prints something. */
export interface LogCommandOptions extends PlaceOptions, FormatOptions {}

/** The options that choose how results are printed. */
export interface FormatOptions {
  json?: true
  text?: true
}

/** A command that works on a log and prints something. */
export function logCommand(name: string, description: string): Command {
  const command = new Command(name).description(description)
  for (const option of [...placeOptions(), ...formatOptions()]) command.addOption(option)
  return command
}

/** --json and --text. */
export function formatOptions(): Option[] {
  return [
    new Option('--json', 'for programs: a JSON object a line (default unless on a terminal)'),
    new Option('--text', 'for people (default on a terminal)').conflicts('json'),
  ].map((option) => option.helpGroup('How it is printed:'))
}

/** Whether results are for a program. */
export function isJson(options: FormatOptions, output: Output): boolean {
  return options.json ?? (options.text ? false : !output.isTerminal)
}
