import { stringify } from 'yaml'
import { type Config, valueOf } from './config.js'
import { type Setting, settings } from './config-settings.js'
import { formatBytes, formatDuration } from './config-value.js'

const mask = '(not shown)'

/**
 * A configuration as a YAML file that explains itself. Secrets are masked; without those it can be
 * used as it is.
 */
export function printConfig(config: Config): string {
  const lines: string[] = []
  let open: string[] = []
  for (const setting of settings()) {
    const path = setting.key.split('.')
    const name = path.pop()!
    const same = path.findIndex((part, index) => open[index] !== part)
    if (same !== -1 || open.length !== path.length) {
      lines.push('')
      for (const [depth, part] of path.entries()) lines.push(`${'  '.repeat(depth)}${part}:`)
      open = path
    }
    const indent = '  '.repeat(path.length)
    for (const line of wrap(setting.description, 98 - indent.length)) {
      lines.push(`${indent}# ${line}`)
    }
    for (const line of entry(setting, name, valueOf(config, setting.key))) {
      lines.push(`${indent}${line}`)
    }
  }
  return `${lines.join('\n').trimStart()}\n`
}

function entry(setting: Setting, name: string, value: unknown): string[] {
  if (value === undefined) return [`# ${name}:`]
  const shown = masked(shownValue(setting, value), setting.secret ?? [])
  return stringify({ [name]: shown }, { lineWidth: 0 })
    .trimEnd()
    .split('\n')
}

function shownValue({ kind }: Setting, value: unknown): unknown {
  if (kind.type === 'bytes') return formatBytes(value as number)
  if (kind.type === 'duration') return formatDuration(value as number)
  return value
}

function masked(value: unknown, secret: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, secret))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    return [key, secret.includes(key) ? mask : masked(inner, secret)] as const
  })
  return Object.fromEntries(entries)
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
