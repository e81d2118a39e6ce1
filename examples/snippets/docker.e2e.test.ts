import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type RunningServer, runServer } from './running-server.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const dockerfile = read('Dockerfile').replaceAll('\\\n', '')
const ignored = read('.dockerignore').split('\n')

/** What is copied from the repository, and not from another stage. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = '']) =>
  sources.split(' '),
)

describe('the Dockerfile', () => {
  test.each(copied)('it copies %s, which is there and not ignored', (path) => {
    expect(existsSync(join(root, path))).toBe(true)
    const isLetIn = ignored.some(
      (line) => line === `!${path}` || path.startsWith(line.slice(1) + '/'),
    )
    expect(isLetIn).toBe(true)
  })

  test('it installs for all packages that the command line is made of', () => {
    const needed = ['cli']
    for (const name of needed) {
      const { dependencies } = JSON.parse(read(`packages/${name}/package.json`)) as {
        dependencies: Record<string, string>
      }
      for (const dependency of Object.keys(dependencies)) {
        const [, other] = /^@goethe\/(.*)$/.exec(dependency) ?? []
        if (other !== undefined && !needed.includes(other)) needed.push(other)
      }
    }
    for (const name of needed) expect(copied).toContain(`packages/${name}/package.json`)
    const [, built = ''] = /for name in (.*?);/.exec(dockerfile) ?? []
    expect(built.split(' ').sort()).toEqual(needed.sort())
  })

  test('it runs as a user who is not root', () => {
    expect(dockerfile).toMatch(/^USER node$/m)
  })
})

describe('the check of health', () => {
  const check = (variables: Record<string, string>): Promise<unknown> =>
    promisify(execFile)(process.execPath, [join(root, 'scripts/health-check.mjs')], {
      env: { ...process.env, ...variables },
    })

  test('it ends with 0 while the server lives, and with 1 when it is gone', async () => {
    const server = await runServer()
    const variables = { GOETHE_HTTP_PORT: portOf(server) }
    await check(variables)
    await server[Symbol.asyncDispose]()
    await expect(check(variables)).rejects.toMatchObject({ code: 1 })
  })

  test('it knows what the file says that the server is configured by', async () => {
    await using server = await runServer()
    const file = join(server.directory, 'goethe.yaml')
    writeFileSync(file, `http: { port: ${portOf(server)} }`)
    // What is there for clients in the container is no setting of the server.
    await check({ GOETHE_CONFIG: file, GOETHE_TOKEN: 'x' })
    writeFileSync(file, 'http: { port: x }')
    await expect(check({ GOETHE_CONFIG: file })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'http.port'") as string,
    })
  })
})

function portOf({ http }: RunningServer): string {
  return http.split(':').at(-1) ?? ''
}
