/** What a shell completes, made of the command tree itself so that it is never out of date. */
import type { Command, Option } from 'commander'

export const completionShells = ['bash', 'zsh', 'fish'] as const
export type CompletionShell = (typeof completionShells)[number]

interface CompletedCommand {
  name: string
  description: string
  /** Names of the commands below it. */
  below: string[]
  options: { flags: string[]; description: string; takesValue: boolean }[]
}

/** The script that makes a shell complete the commands and options of a program. */
export function completionScript(shell: CompletionShell, program: Command): string {
  const commands = program.commands.map(completedCommand)
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
  }
}

function completedCommand(command: Command): CompletedCommand {
  // Which of those below is meant is not known, so all that any of them takes is offered.
  const all = [command, ...command.commands].flatMap((one) => one.createHelp().visibleOptions(one))
  const options = new Map(all.map((option) => [option.flags, option]))
  return {
    name: command.name(),
    description: command.description(),
    below: command.commands.map((one) => one.name()),
    options: [...options.values()].map((option) => ({
      flags: flagsOf(option),
      description: option.description,
      takesValue: option.required || option.optional,
    })),
  }
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined)
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, options, below }) => {
    const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')))
    return `    ${name}) words=${quoted(flags.join(' '))} below=${quoted(below.join(' '))} ;;`
  })
  return `# bash completion of goethe: eval "$(goethe completion bash)"
_goethe() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words below
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) return ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) if [ "$COMP_CWORD" -eq 2 ] && [ -n "$below" ]; then
         COMPREPLY=($(compgen -W "$below" -- "$current"))
       fi ;;
  esac
}
complete -o default -F _goethe goethe
`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands.map(({ name, description }) => {
    return `    ${quoted(`${name}:${description.replaceAll(':', '\\:')}`)}`
  })
  const cases = commands.map(({ name, options, below }) => {
    const specs = options.flatMap(({ flags, description, takesValue }) => {
      const text = description.replaceAll(/[[\]:\\]/g, '\\$&')
      return flags.map((flag) => quoted(`${flag}[${text}]${takesValue ? ':value:_files' : ''}`))
    })
    const first = below.length === 0 ? [] : [quoted(`1:command:(${below.join(' ')})`)]
    const all = [...specs, ...first, quoted('*:argument:_files')]
    return `    ${name}) _arguments ${all.join(' ')} ;;`
  })
  return `#compdef goethe
# zsh completion of goethe: eval "$(goethe completion zsh)", or this file as _goethe in $fpath
_goethe() {
  local -a commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
if [[ "$funcstack[1]" = _goethe ]]; then _goethe "$@"; else compdef _goethe goethe; fi
`
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, options, below }) => [
    `complete -c goethe -f -n __fish_use_subcommand -a ${name} -d ${quotedForFish(description)}`,
    ...below.map((inner) => {
      const where = quotedForFish(`__fish_seen_subcommand_from ${name}`)
      return `complete -c goethe -f -n ${where} -a ${inner}`
    }),
    ...options.map(({ flags, description: text, takesValue }) => {
      const names = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      )
      const value = takesValue ? ' -r' : ''
      const where = quotedForFish(`__fish_seen_subcommand_from ${name}`)
      return `complete -c goethe -n ${where} ${names.join(' ')}${value} -d ${quotedForFish(text)}`
    }),
  ])
  return `# fish completion of goethe: goethe completion fish | source
${lines.join('\n')}
`
}

/** A word of bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function quotedForFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
