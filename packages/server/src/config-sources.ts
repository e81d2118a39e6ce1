/** Where values of settings come from, and which of them counts. */
import { LineCounter, isMap, parseDocument } from 'yaml'
import { type Setting, settings } from './config-settings.js'
import { nearest } from './nearest.js'

export interface ConfigSources {
  /** By flag (`grpc-port`), key (`grpc.port`) or as an option parser names it (`grpcPort`). */
  flags?: Readonly<Record<string, unknown>> | undefined
  /** Variables that begin with GOETHE_ count. */
  env?: Readonly<Record<string, string | undefined>> | undefined
  /** A file of YAML or JSON. */
  file?: { path: string; text: string } | undefined
  /** Variables with that prefix that belong to somebody else, such as a client. */
  otherEnv?: readonly string[] | undefined
}

/** What was said about a setting, and where: a flag, a variable, or a key of the file. */
export interface RawValue {
  value: unknown
  source: string
}

/** The value that counts for each setting that something was said about. */
export function rawValues(sources: ConfigSources): {
  values: Map<string, RawValue>
  problems: string[]
} {
  const table = settings()
  const problems: string[] = []
  // Later ones win.
  const values = new Map([
    ...fileValues(table, sources.file, problems),
    ...envValues(table, sources.env ?? {}, sources.otherEnv ?? [], problems),
    ...flagValues(table, sources.flags ?? {}, problems),
  ])
  return { values, problems }
}

type Found = [key: string, raw: RawValue][]

function flagValues(
  table: readonly Setting[],
  flags: Readonly<Record<string, unknown>>,
  problems: string[],
): Found {
  const found: Found = []
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue
    const setting = table.find(({ flag, key }) => key === name || plain(flag) === plain(name))
    if (setting !== undefined) found.push([setting.key, { value, source: setting.flag }])
    else {
      const flag = `--${name.replace(/^--/, '')}`
      problems.push(
        unknown(
          'flag',
          flag,
          table.map((one) => one.flag),
        ),
      )
    }
  }
  return found
}

/**
 * Kubernetes tells every container about its services in variables of this kind; for one that is
 * called goethe they begin with GOETHE_ and are no settings.
 */
const serviceVariable = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/
const serviceAddress = /^(tcp|udp|sctp):\/\//

function envValues(
  table: readonly Setting[],
  env: Readonly<Record<string, string | undefined>>,
  others: readonly string[],
  problems: string[],
): Found {
  const found: Found = []
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('GOETHE_') || value === undefined) continue
    if (name === 'GOETHE_CONFIG' || others.includes(name)) continue
    // What our own tests are told reaches the servers that they start.
    if (name.startsWith('GOETHE_TEST_')) continue
    if (serviceVariable.test(name) || serviceAddress.test(value)) continue
    const setting = table.find((one) => one.env === name)
    if (setting !== undefined) found.push([setting.key, { value, source: name }])
    else
      problems.push(
        unknown(
          'variable',
          name,
          table.map((one) => one.env),
        ),
      )
  }
  return found
}

function fileValues(
  table: readonly Setting[],
  file: ConfigSources['file'],
  problems: string[],
): Found {
  if (file === undefined) return []
  const lines = new LineCounter()
  const document = parseDocument(file.text, { lineCounter: lines })
  if (document.errors.length > 0) {
    for (const { message } of document.errors) {
      problems.push(`${file.path} is neither YAML nor JSON: ${message.split('\n')[0]}`)
    }
    return []
  }
  if (document.contents === null) return []
  if (!isMap(document.contents)) {
    problems.push(
      `${file.path} holds no settings: it is an object such as { grpc: { port: 1337 } }`,
    )
    return []
  }
  const found: Found = []
  const lineOf = (path: readonly string[]): string => {
    const range = (document.getIn(path, true) as { range?: [number] } | undefined)?.range
    return range === undefined ? file.path : `${file.path}:${lines.linePos(range[0]).line}`
  }
  const walk = (object: object, path: readonly string[]): void => {
    for (const [name, value] of Object.entries(object)) {
      const here = [...path, name]
      const key = here.join('.')
      const place = lineOf(here)
      if (table.some((one) => one.key === key)) {
        // A key without a value, as in a file whose values are commented out.
        if (value !== null) found.push([key, { value, source: `'${key}' in ${place}` }])
      } else if (!table.some((one) => one.key.startsWith(`${key}.`))) {
        problems.push(
          unknown(
            'setting',
            key,
            table.map((one) => one.key),
            place,
          ),
        )
      } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        walk(value, here)
      } else if (value !== null) {
        const inner = table.filter((one) => one.key.startsWith(`${key}.`)).map((one) => one.key)
        problems.push(`'${key}' in ${place} is no value: it holds ${inner.join(', ')}`)
      }
    }
  }
  walk(document.toJS() as object, [])
  return found
}

function unknown(what: string, name: string, known: readonly string[], place = ''): string {
  const suggestion = nearest(name, known)
  const where = place === '' ? '' : ` in ${place}`
  const hint = suggestion === undefined ? '' : `; did you mean ${quote(suggestion)}?`
  return `There is no ${what} ${quote(name)}${where}${hint}`
}

function quote(name: string): string {
  return /^(--|GOETHE_)/.test(name) ? name : `'${name}'`
}

/** `--grpc-port`, `grpc.port` and `grpcPort` are the same. */
function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
}
