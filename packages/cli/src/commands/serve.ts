import { isGoetheError } from '@goethe/core'
import type { Config, Server } from '@goethe/server'
import { Command } from 'commander'
import { exitCode } from '../exit-code.js'
import { Failure, messageOf } from '../failure.js'
import { collectSeldom } from '../heap-growth.js'
import { clientVariables } from '../log-place.js'
import { withManual } from '../manual.js'
import { serveBanner } from '../serve-banner.js'
import { settingOption, typedSettings } from '../serve-options.js'
import type { Shell } from '../shell.js'

interface Options {
  config?: string
  printConfig?: true
}

type ServerPackage = typeof import('@goethe/server')

/** Without its settings, which take time to load, the command is only good for a list of commands. */
export async function serveCommand(shell: Shell, withSettings: boolean): Promise<Command> {
  const command = new Command('serve')
    .description('Serve a log to others over the network.')
    .usage('[options]')
  if (!withSettings) return command
  const server = await import('@goethe/server')
  const settings = server.settings()
  command
    .option('-c, --config <file>', 'YAML or JSON with any of the settings (GOETHE_CONFIG)')
    .option('--print-config', 'print what all of this amounts to, as such a file, and end')
    .action(async ({ config: path, printConfig }: Options) => {
      const read = () => readConfig(shell, server, path, typedSettings(command, settings))
      const config = await read()
      if (printConfig) return shell.output.write(server.printConfig(config))
      collectSeldom()
      await serve(shell, server, config, read)
    })
  for (const setting of settings) command.addOption(settingOption(setting))
  return withManual(command, {
    details: [
      `What a flag says counts most, then the environment (GOETHE_GRPC_PORT for --grpc-port), then the
file. Sizes such as 64MiB, times such as 500ms, 10s, 5m. What is <json> is better put into the file.

It listens on loopback only, unless it is told to. Beyond this machine it wants TLS and a way to
know its callers, or --insecure where something in front of it sees to both.

SIGHUP makes it read its configuration again and take over who may call (auth.…).

It runs until Ctrl-C or SIGTERM; then it takes nothing new, finishes what is under way, and ends
with 0. What it has to tell is written to standard output, a JSON object a line.`,
    ],
    examples: [
      ['goethe serve --data my-log', 'for programs on this machine'],
      ['goethe serve --print-config > goethe.yaml', 'a file to start from, with all settings'],
      ['goethe serve --config goethe.yaml', 'as the file says'],
    ],
  })
}

async function readConfig(
  { environment, output }: Shell,
  server: ServerPackage,
  path: string | undefined,
  typed: Record<string, unknown>,
): Promise<Config> {
  const hasFile = path !== undefined || (environment['GOETHE_CONFIG'] ?? '') !== ''
  const isSaid = hasFile || 'log.format' in typed || environment['GOETHE_LOG_FORMAT'] !== undefined
  // People read on a terminal; what else is said about it counts more.
  const flags = output.isTerminal && !isSaid ? { ...typed, 'log.format': 'text' } : typed
  try {
    return await server.loadConfig({
      flags,
      env: environment,
      otherEnv: clientVariables,
      ...(path === undefined ? {} : { path }),
    })
  } catch (error) {
    throw explained(server, error)
  }
}

async function serve(
  shell: Shell,
  server: ServerPackage,
  config: Config,
  read: () => Promise<Config>,
): Promise<void> {
  const { environment, output, notes, signal } = shell
  // What npm has started, npx finds; a terminal may not.
  const command = environment['npm_command'] === undefined ? 'goethe' : 'npx goethe'
  const logger = server.createLogger(config.log, output.stream)
  let running: Server
  try {
    running = await server.startServer(config, { logger })
  } catch (error) {
    throw isGoetheError(error, 'GOETHE_LOCKED') ? locked(error) : explained(server, error)
  }
  // On a terminal SIGHUP says that it is gone.
  const endReloads = output.isTerminal ? undefined : reloadOnHangUp(shell, running, read)
  try {
    // `npm start` is for people, wherever its output goes; a service manager needs no advice.
    const isForPeople = notes.isTerminal || environment['npm_lifecycle_event'] === 'start'
    if (isForPeople) await notes.lines(serveBanner(config, running.addresses, command))
    await fired(signal)
    logger.info('Goethe stops; another signal ends it at once')
  } finally {
    await running.stop()
    endReloads?.()
  }
}

/** What is wrong changes nothing: a server goes on with what it knows. */
function reloadOnHangUp(
  { onHangUp }: Shell,
  running: Server,
  read: () => Promise<Config>,
): () => void {
  const reload = async (): Promise<void> => {
    try {
      running.reload(await read())
    } catch (error) {
      const cause = error instanceof Failure ? error.cause : error
      const problems = (cause as { problems?: unknown }).problems ?? messageOf(cause)
      running.logger.error(
        { problems },
        'The configuration cannot be used; callers are known as before',
      )
    }
  }
  // One after the other: the last one reads what the file holds last.
  let reloading = Promise.resolve()
  return onHangUp(() => {
    reloading = reloading.then(reload)
  })
}

/** Stopping a server is how it is meant to end, so that is no error. */
function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
  })
}

function explained({ ConfigError }: ServerPackage, error: unknown): unknown {
  if (error instanceof ConfigError) {
    const problems = error.problems.map((problem) => `\n  ${problem}`)
    return new Failure(`The server cannot start with this configuration:${problems.join('')}`, {
      advice: '`goethe serve --help` tells all settings, --print-config those that count',
      exitCode: exitCode.wrongUsage,
      cause: error,
    })
  }
  if (isGoetheError(error, 'GOETHE_UNAVAILABLE')) {
    return new Failure(messageOf(error), {
      advice:
        'If another process listens there, stop it, or choose other ports: --grpc-port, --http-port',
      cause: error,
    })
  }
  return error
}

/** The message names the process. */
function locked(cause: unknown): Failure {
  return new Failure(messageOf(cause), {
    advice: 'If that is a server, use it instead; otherwise stop it first',
    cause,
  })
}
