/** Kinds of values of settings: how each is written, checked and described. */
import { z } from 'zod'
import { nearest } from './nearest.js'

export type Kind =
  | {
      type: 'text'
      expected?: string
      /** What stands for it in a flag: `--data <path>`. */
      placeholder?: string
      schema?: z.ZodType<string>
    }
  | { type: 'count'; min: number; max: number; expected?: string }
  | { type: 'bytes'; min: number; max: number }
  | { type: 'duration'; min: number; max: number }
  | { type: 'switch' }
  | { type: 'choice'; of: readonly string[] }
  | { type: 'list'; item: z.ZodType<string>; expected: string }
  | { type: 'structure'; schema: z.ZodType; expected: string }

const byteUnits: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}
const durationUnits: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export type Parsed = { value: unknown } | { problems: string[] }

/**
 * The value of what a flag or a variable (text) or a file (anything) says. Problems read on from
 * the name of where it was said: "is 'abc', but …".
 */
export function parseValue(kind: Kind, raw: unknown): Parsed {
  const native = isStructured(kind) && typeof raw === 'string' ? fromText(kind, raw) : raw
  const result = schemaOf(kind).safeParse(native)
  if (result.success) return { value: result.data }
  if (kind.type !== 'structure') {
    return { problems: [`is ${show(raw)}, but should be ${expectationOf(kind)}`] }
  }
  return { problems: result.error.issues.flatMap((issue) => structureProblems(kind, issue)) }
}

/** What a value of this kind looks like, to go on from "it should be". */
export function expectationOf(kind: Kind): string {
  switch (kind.type) {
    case 'text':
      return kind.expected ?? 'a text that is not empty'
    case 'count':
      return kind.expected ?? `a whole number from ${kind.min} to ${kind.max}`
    case 'bytes':
      return (
        `a number of bytes from ${formatBytes(kind.min)} to ${formatBytes(kind.max)}, ` +
        "such as 65536 or '64 MiB'"
      )
    case 'duration':
      return (
        `a time from ${formatDuration(kind.min)} to ${formatDuration(kind.max)}, in milliseconds ` +
        "or such as '500ms', '10s' or '5m'"
      )
    case 'switch':
      return 'true or false'
    case 'choice':
      return `one of ${kind.of.join(', ')}`
    case 'list':
    case 'structure':
      return kind.expected
  }
}

/** Bytes as a person would write them. */
export function formatBytes(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = byteUnits[unit]!
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`
  }
  return `${bytes}`
}

/** Milliseconds as a person would write them. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = durationUnits[unit]!
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

function schemaOf(kind: Kind): z.ZodType {
  switch (kind.type) {
    case 'text':
      return kind.schema ?? z.string().min(1)
    case 'count':
      return z.preprocess(
        (raw) => (typeof raw === 'string' && /^\d+$/.test(raw) ? Number(raw) : raw),
        z.int().min(kind.min).max(kind.max),
      )
    case 'bytes':
      return measured(byteUnits, 'B', kind)
    case 'duration':
      return measured(durationUnits, 'ms', kind)
    case 'switch':
      return z.preprocess((raw) => switches.get(raw) ?? raw, z.boolean())
    case 'choice':
      return z.enum(kind.of as [string, ...string[]])
    case 'list':
      return z.array(kind.item)
    case 'structure':
      return kind.schema
  }
}

const switches = new Map<unknown, boolean>([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
])

/** A number with a unit, or in `usual` without. */
function measured(
  units: Record<string, number>,
  usual: string,
  { min, max }: { min: number; max: number },
): z.ZodType {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${Object.keys(units).join('|')})?$`)
  const toNumber = (raw: unknown): unknown => {
    const match = typeof raw === 'string' ? pattern.exec(raw.trim()) : null
    return match === null ? raw : Number(match[1]) * units[match[2] ?? usual]!
  }
  return z.preprocess(toNumber, z.int().min(min).max(max))
}

function isStructured(kind: Kind): boolean {
  return kind.type === 'structure' || kind.type === 'list'
}

/** Lists in flags and variables are separated by commas, structures are JSON. */
function fromText(kind: Kind, text: string): unknown {
  if (kind.type === 'list') return text === '' ? [] : text.split(',').map((part) => part.trim())
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function structureProblems(kind: Kind, issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
  const place = at.join('').replace(/^\./, '')
  const prefix = place === '' ? '' : `at ${place} `
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(kind, issue.path)
    return issue.keys.map((key) => {
      const suggestion = nearest(key, known)
      const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
      const there = known.length === 0 ? '' : ` (there are ${known.join(', ')})`
      return `${prefix}has an unknown key '${key}'${hint}${there}`
    })
  }
  if (issue.path.length === 0) return [`is not what it should be: it is ${expectationOf(kind)}`]
  const message = issue.message.replace(/^Invalid input: /, 'is wrong: ')
  return [`${prefix}${message}`]
}

/** The keys of the object at a path of a structure. */
function knownKeys(kind: Kind, path: readonly PropertyKey[]): string[] {
  if (kind.type !== 'structure') return []
  let schema: unknown = kind.schema
  for (const part of path) {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) schema = schema.unwrap()
    if (schema instanceof z.ZodArray) schema = schema.element
    else if (schema instanceof z.ZodObject) schema = schema.shape[String(part)]
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) schema = schema.unwrap()
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** A value in a message, shortened: it may be a whole file in the wrong place. */
function show(raw: unknown): string {
  if (typeof raw === 'string') return `'${raw.length > 60 ? `${raw.slice(0, 60)}…` : raw}'`
  if (typeof raw === 'object' && raw !== null) return Array.isArray(raw) ? 'a list' : 'an object'
  return String(raw)
}
