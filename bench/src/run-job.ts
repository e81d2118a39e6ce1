import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, JobResult } from './job'
import type { Sample } from './scenario'

const childPath = fileURLToPath(new URL('child.js', import.meta.url))

/** Does a job in a process of its own; rejects with what went wrong there. */
export function runJob(job: Job, profiles?: string): Promise<Sample | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(childPath, { execArgv: ['--expose-gc', ...profileFlags(job, profiles)] })
    let result: JobResult | undefined
    child.on('message', (message) => (result = message as JobResult))
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (result === undefined) reject(new Error(`Ended by ${signal ?? `exit code ${code}`}`))
      else if ('error' in result) reject(new Error(result.error))
      else resolve(result.sample)
    })
    child.send(job)
  })
}

function profileFlags({ scenario, contestant }: Job, profiles: string | undefined): string[] {
  if (profiles === undefined || contestant === undefined) return []
  const name = `${scenario} ${contestant}`.replaceAll(/[^\w]+/g, '-')
  return ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`]
}
