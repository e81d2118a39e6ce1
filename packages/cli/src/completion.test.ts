import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runGoethe } from '../tests-support/run-goethe.js'

const scriptFor = async (shell: string): Promise<string> =>
  (await runGoethe(['completion', shell])).stdout

test('every command and option is completed, those of the server as well', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = await scriptFor(shell)
    expect(script).toContain('histogram')
    expect(script).toContain(shell === 'fish' ? '-l dead-letter' : '--dead-letter')
    expect(script).toContain(shell === 'fish' ? '-l grpc-port' : '--grpc-port')
  }
})

test.runIf(spawnSync('bash', ['--version']).status === 0)('bash completes with it', async () => {
  const script = `${await scriptFor('bash')}
COMP_WORDS=(goethe re); COMP_CWORD=1; _goethe; echo "\${COMPREPLY[*]}"
COMP_WORDS=(goethe read --fo); COMP_CWORD=2; _goethe; echo "\${COMPREPLY[*]}"
COMP_WORDS=(goethe cluster re); COMP_CWORD=2; _goethe; echo "\${COMPREPLY[*]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  expect({ stdout, stderr }).toEqual({
    stdout: 'read retention restore\n--follow\nremove recover\n',
    stderr: '',
  })
})

test('another shell is wrong usage', async () => {
  const { code, stderr } = await runGoethe(['completion', 'tcsh'])
  expect(code).toBe(2)
  expect(stderr).toContain('Allowed choices are bash, zsh, fish')
})
