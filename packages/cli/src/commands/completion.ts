import { Argument, Command } from 'commander'
import { type CompletionShell, completionScript, completionShells } from '../completion.js'
import { withManual } from '../manual.js'
import type { Shell } from '../shell.js'

export function completionCommand(shell: Shell): Command {
  const command = new Command('completion')
    .description('Print a script that makes your shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'which shell').choices(completionShells))
    .action(async (name: CompletionShell) => {
      await shell.output.write(completionScript(name, command.parent!))
    })
  return withManual(command, {
    examples: [
      [`echo 'eval "$(goethe completion bash)"' >> ~/.bashrc`, 'bash'],
      [`echo 'eval "$(goethe completion zsh)"' >> ~/.zshrc`, 'zsh, behind compinit'],
      ['goethe completion fish > ~/.config/fish/completions/goethe.fish', 'fish'],
    ],
  })
}
