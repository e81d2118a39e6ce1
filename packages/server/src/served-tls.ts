/** The certificate of the server, renewed while it runs. */
import type { Clock } from '@goethe/core'
import type { Config } from './config.js'
import type { Logger } from './log-writer.js'
import { RenewedFiles } from './renewed-files.js'
import { type TlsFiles, readTlsFiles } from './tls-files.js'

export interface ServedTlsOptions {
  config: Pick<Config, 'tls'>
  clock: Clock
  logger: Logger
}

export class ServedTls extends RenewedFiles<TlsFiles> {
  /** Undefined where the server speaks plain text. Rejects with ConfigError for wrong files. */
  static async open({ config, clock, logger }: ServedTlsOptions): Promise<ServedTls | undefined> {
    const read = () => readTlsFiles(config)
    const files = await read()
    const messages = {
      taken: 'New connections get the certificate that is new in the files',
      refused: 'The new certificate cannot be used; the one before stays',
    }
    return files && new ServedTls({ read, clock, logger, messages }, files)
  }
}
