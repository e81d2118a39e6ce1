import { readFile } from 'node:fs/promises'
import { type Config, readConfig } from './config.js'
import { ConfigError } from './config-error.js'
import type { ConfigSources } from './config-sources.js'

/**
 * `readConfig` with the file that `path` or else GOETHE_CONFIG names, where one does. A file that
 * was named and cannot be read is a ConfigError.
 */
export async function loadConfig(
  sources: Omit<ConfigSources, 'file'> & { path?: string | undefined },
): Promise<Config> {
  const { path = sources.env?.['GOETHE_CONFIG'], ...rest } = sources
  if (path === undefined || path === '') return readConfig(rest)
  return readConfig({ ...rest, file: { path, text: await textOf(path) } })
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError([`The configuration ${path} cannot be read: ${(error as Error).message}`])
  }
}
