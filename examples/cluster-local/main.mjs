// Three members of a cluster, and the etcd by which they agree, on this machine.
//
//     npm run cluster                       until Ctrl-C
//     npm run cluster -- --kill-leader      kills the leader under load, and looks what is lost
import { parseArgs } from 'node:util'
import { LocalCluster, hasEtcd } from './cluster.mjs'
import { killLeader } from './kill-leader.mjs'

const { values } = parseArgs({ options: { 'kill-leader': { type: 'boolean', default: false } } })

if (!hasEtcd) {
  console.error('etcd is missing: apt-get install etcd-server')
  process.exit(1)
}

const interrupted = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve)
})
const cluster = await LocalCluster.start()
try {
  console.log(`${await cluster.leader()} leads. The members are`)
  for (const { name, address, url } of cluster.members) {
    console.log(`  ${name}  gRPC ${address}  HTTP ${url}`)
  }
  if (values['kill-leader']) {
    console.log()
    const work = killLeader(cluster, (sentence) => console.log(sentence))
    const losses = await Promise.race([work, interrupted.then(() => [])])
    if (losses.length > 0) process.exitCode = 1
  } else {
    console.log(`
Next, in another terminal; whichever member you name, writes go to the leader:
  npx goethe append orders '{"item":"Faust"}' --server ${cluster.addresses[0]}
  npx goethe read orders --follow --server ${cluster.addresses[2]}

Kill a member and see what happens (kill -9 and its process id):
${cluster.processes.map(({ name, pid }) => `  ${name}  ${pid}`).join('\n')}

Ctrl-C ends it.`)
    await interrupted
  }
} finally {
  await cluster.stop()
}
// What was interrupted would go on to look for the cluster.
process.exit()
