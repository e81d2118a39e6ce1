// The tables in docs that say what the server says of itself.
import { errorCodes } from '@goethe/core'
import {
  clusterMethods,
  eventLogMethods,
  grpcStatus,
  grpcStatusOf,
  httpStatusOf,
} from '@goethe/protocol'
import { type Setting, describeClusterMetrics, expectationOf, settings } from '@goethe/server'
import { runServer } from './running-server.js'

/** Each table by the name that the page gives it in `<!-- name:begin -->`. */
export async function tables(): Promise<Record<string, string>> {
  await using server = await runServer()
  const get = async (path: string): Promise<string> =>
    (await fetch(`http://${server.http}${path}`)).text()
  return {
    settings: settingsTable(),
    metrics: metricsTable(await get('/metrics')),
    clusterMetrics: metricsTable(await describeClusterMetrics()),
    errors: errorsTable(),
    methods: methodsTable(eventLogMethods),
    clusterMethods: methodsTable(clusterMethods),
    paths: pathsTable(await get('/openapi.json')),
  }
}

function settingsTable(): string {
  const rows = settings().map((setting) => {
    const { key, kind, description } = setting
    const value = kind.type === 'bytes' || kind.type === 'duration' ? range(kind) : expected(kind)
    return [`\`${key}\``, defaultOf(setting), value, description]
  })
  return table(['setting', 'default', 'value', ''], rows)
}

function expected(kind: Setting['kind']): string {
  return expectationOf(kind)
    .replace(/, or 0 for any free one$/, ', 0 for a free one')
    .replaceAll('|', '\\|')
}

function range({ type, min, max }: { type: 'bytes' | 'duration'; min: number; max: number }) {
  const units = type === 'bytes' ? byteUnits : timeUnits
  return `${inUnits(min, units)} to ${inUnits(max, units)}`
}

function defaultOf({ kind, default: value }: Setting): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return 'none'
  if (kind.type === 'bytes') return inUnits(Number(value), byteUnits)
  if (kind.type === 'duration') return inUnits(Number(value), timeUnits)
  return `\`${String(value)}\``
}

const byteUnits = [
  [' TiB', 1024 ** 4],
  [' GiB', 1024 ** 3],
  [' MiB', 1024 ** 2],
  [' KiB', 1024],
] as const
const timeUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** In the largest unit that leaves a whole number. */
function inUnits(value: number, units: readonly (readonly [string, number])[]): string {
  if (value === 0) return '0'
  const [unit, size] = units.find(([, width]) => value >= width && value % width === 0) ?? ['', 1]
  return `${value / size}${unit}`
}

/** Those of Goethe; the others are those of each process on Node.js. */
function metricsTable(text: string): string {
  const helps = [...text.matchAll(/^# HELP (goethe_\w+) (.*)\n# TYPE \1 (\w+)$/gm)]
  const rows = helps.map(([, name = '', help = '', type = '']) => [`\`${name}\``, type, help])
  return table(['metric', 'type', ''], rows)
}

function errorsTable(): string {
  const names = new Map<number, string>()
  for (const [name, number] of Object.entries(grpcStatus)) names.set(number, name)
  const rows = (Object.keys(errorCodes) as (keyof typeof errorCodes)[]).map((code) => {
    const name = names.get(grpcStatusOf(code)) ?? ''
    const status = name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
    return [`\`${code}\``, status, String(httpStatusOf(code))]
  })
  return table(['code', 'gRPC', 'HTTP'], rows)
}

type Methods = Record<string, { path: string; requestStream: boolean; responseStream: boolean }>

function methodsTable(methods: Methods): string {
  const rows = Object.values(methods).map(({ path, requestStream, responseStream }) => {
    const shape = `${requestStream ? 'stream' : 'one'} → ${responseStream ? 'stream' : 'one'}`
    return [`\`${path.slice(path.lastIndexOf('/') + 1)}\``, shape]
  })
  return table(['method', 'messages'], rows)
}

function pathsTable(openapi: string): string {
  const { paths } = JSON.parse(openapi) as {
    paths: Record<string, Record<string, { summary?: string }>>
  }
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary = '' }]) => {
      return [`\`${method.toUpperCase()} ${path}\``, summary]
    }),
  )
  return table(
    ['path', ''],
    rows.sort(([a = ''], [b = '']) => (placeOf(a) < placeOf(b) ? -1 : 1)),
  )
}

/** The path of a row, for the order. */
function placeOf(cell: string): string {
  return cell.replaceAll('`', '').split(' ')[1] ?? ''
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
