/**
 * Who may call, for a server that takes over another configuration of that while it runs. Calls are
 * held to what counts as they begin; those that have begun go on.
 */
import type { Clock } from '@goethe/core'
import { type Config, valueOf } from '../config.js'
import { isAuthRequired } from '../config-auth.js'
import { configProblems } from '../config-check.js'
import { ConfigError } from '../config-error.js'
import { settings } from '../config-settings.js'
import type { Logger } from '../log-writer.js'
import { type Authenticate, authenticator } from './authenticator.js'

export interface ServedAuthOptions {
  config: Config
  clock: Clock
  logger: Logger
}

export class ServedAuth {
  readonly #clock: Clock
  readonly #logger: Logger
  /** What the server was started with, and of `auth` what counts now. */
  #config: Config
  #identify: Authenticate

  constructor({ config, clock, logger }: ServedAuthOptions) {
    this.#clock = clock
    this.#logger = logger
    this.#config = config
    this.#identify = authenticator(config.auth, clock)
  }

  readonly identify: Authenticate = (...presented) => this.#identify(...presented)

  /** Takes over `auth`. Throws ConfigError where that does not fit, and then changes nothing. */
  reload(config: Config): void {
    const next = { ...this.#config, auth: config.auth }
    const problems = configProblems(next)
    // Mostly a file that was being written, or the wrong one.
    if (isAuthRequired(this.#config.auth) && !isAuthRequired(next.auth)) {
      problems.push(
        'auth.tokens, auth.jwt and auth.certificates are all empty: everybody could do everything. ' +
          'Where that is meant, start the server again',
      )
    }
    if (problems.length > 0) throw new ConfigError(problems)
    this.#identify = authenticator(next.auth, this.#clock)
    this.#config = next
    this.#logger.info('From now on callers are known as the configuration says')
    const others = settings().filter(({ key }) => !isSame(valueOf(config, key), valueOf(next, key)))
    if (others.length === 0) return
    this.#logger.warn(
      { settings: others.map(({ key }) => key) },
      'Other settings have changed as well; they count from the next start',
    )
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
