import { InvalidArgumentError } from 'commander'

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** A whole number from 1. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count
  throw new InvalidArgumentError('It should be a whole number from 1.')
}

/** Bytes of `512`, `100kB`, `10GB` (thousands) or `64KiB`, `2GiB` (powers of 1024). */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?$/i.exec(text)
  if (match !== null) {
    const [, number, unit = '', binary] = match
    const power = unit === '' ? 0 : 'kmgtp'.indexOf(unit.toLowerCase()) + 1
    const bytes = Math.round(Number(number) * (binary === '' ? 1000 : 1024) ** power)
    if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes
  }
  throw new InvalidArgumentError('It should be a size such as 100kB, 10GB, 64KiB or 2GiB.')
}

/** A number with its thousands apart: `116,196`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** Bytes in the largest unit that leaves a whole: `17.4 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < decimalUnits.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1
  return `${value.toFixed(digits)} ${decimalUnits[unit]}`
}

/** A number and its noun: `1 event`, `2,000 events`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
