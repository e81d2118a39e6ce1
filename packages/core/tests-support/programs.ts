import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packageFolder = new URL('../', import.meta.url)

/** Makes a program of a file in this folder that a process of its own can run; gives its path. */
export async function program(name: string): Promise<string> {
  // Beside the installed packages, so that it finds those that are not bundled.
  const folder = fileURLToPath(new URL('node_modules/.tests/', packageFolder))
  await mkdir(folder, { recursive: true })
  const outfile = `${folder}${name}-${process.pid}.mjs`
  await build({
    entryPoints: [fileURLToPath(new URL(`tests-support/${name}.ts`, packageFolder))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['classic-level', 'abstract-level', 'events'],
    logLevel: 'error',
  })
  return outfile
}
