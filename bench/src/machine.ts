import { statfs } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  system: string
  node: string
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
  }
}

/** Others at work make rates meaningless, and with threads in play also ratios. */
export function isBusy(): boolean {
  return loadavg()[0]! > cpus().length / 4
}

const tmpfs = 0x01021994

/** Where there is no disk below, `fsync` measures nothing. */
export async function isInMemory(directory: string): Promise<boolean> {
  return process.platform === 'linux' && (await statfs(directory)).type === tmpfs
}
