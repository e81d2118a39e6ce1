import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './command.js'

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The two programs in C, compiled. */
export class NativeFaults {
  /** To be preloaded into a server. */
  readonly library: string
  /** Takes the power from a mounted disk. */
  readonly powerOff: string

  private constructor(folder: string) {
    this.library = join(folder, 'faults.so')
    this.powerOff = join(folder, 'power-off')
  }

  static async compile(folder: string): Promise<NativeFaults> {
    const native = new NativeFaults(folder)
    const options = ['-O1', '-Wall', '-Werror']
    await run('gcc', [...options, '-shared', '-fPIC', '-o', native.library, source('faults.c')])
    await run('gcc', [...options, '-o', native.powerOff, source('power-off.c')])
    return native
  }
}
