/** Flags of `goethe serve`, made of the settings of the server, so that none is missing. */
import type { Setting } from '@goethe/server'
import { type Command, Option } from 'commander'

/** Headings of the help, by the first part of a setting's key. */
const headings: Record<string, string> = {
  data: 'The log:',
  durability: 'The log:',
  index: 'The log:',
  eventBytesMax: 'The log:',
  queueBytesMax: 'The log:',
  disk: 'The log:',
  grpc: 'Where it listens:',
  http: 'Where it listens:',
  legacy: 'Where it listens:',
  tls: 'Who may:',
  auth: 'Who may:',
  insecure: 'Who may:',
  limits: 'Limits:',
  keepalive: 'Limits:',
  cluster: 'A cluster:',
}

const placeholders = {
  count: '<number>',
  bytes: '<bytes>',
  duration: '<time>',
  list: '<json>',
  structure: '<json>',
} as const

/** The option for a setting. */
export function settingOption(setting: Setting): Option {
  const { key, kind, description, default: value } = setting
  const heading = headings[key.split('.')[0]!] ?? 'While it runs:'
  const isOn = kind.type === 'switch' && value === true
  const text = isOn ? `Turns off what is on by default: ${description}` : description
  return new Option(flagsOf(setting), `${text}${defaultText(setting)}`).helpGroup(heading)
}

function flagsOf({ key, kind, flag, default: value }: Setting): string {
  if (kind.type === 'switch') return value === true ? flag.replace('--', '--no-') : flag
  const name = key === 'data' ? `-d, ${flag}` : flag
  return `${name} ${placeholderOf(kind)}`
}

function placeholderOf(kind: Exclude<Setting['kind'], { type: 'switch' }>): string {
  if (kind.type === 'choice') return `<${kind.of.join('|')}>`
  return kind.type === 'text' ? `<${kind.placeholder ?? 'text'}>` : placeholders[kind.type]
}

/** What was typed of the settings: what stands in a file or in the environment is not ours. */
export function typedSettings(
  command: Command,
  settings: readonly Setting[],
): Record<string, unknown> {
  const flags: Record<string, unknown> = {}
  for (const setting of settings) {
    const name = settingOption(setting).attributeName()
    if (command.getOptionValueSource(name) === 'cli')
      flags[setting.key] = command.getOptionValue(name)
  }
  return flags
}

function defaultText({ kind, default: value, description }: Setting): string {
  if (description.includes('Default:') || value === undefined) return ''
  if (kind.type === 'bytes') return ` Default: ${inUnits(Number(value), byteUnits)}.`
  if (kind.type === 'duration') return ` Default: ${inUnits(Number(value), timeUnits)}.`
  const isPlain = typeof value === 'string' || typeof value === 'number'
  return isPlain ? ` Default: ${value}.` : ''
}

const byteUnits = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const
const timeUnits = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** In the largest unit that leaves a whole number. */
function inUnits(value: number, units: readonly (readonly [string, number])[]): string {
  const [unit, size] = units.find(([, width]) => value >= width && value % width === 0) ?? ['', 1]
  return `${value / size}${unit}`
}
