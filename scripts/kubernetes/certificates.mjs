// What an API server and its clients show each other, made by openssl.
import { join } from 'node:path'
import { run } from '../run.mjs'

/**
 * Writes an authority (ca), a server (server) and an administrator (admin), as NAME.crt and NAME.key.
 *
 * @param {string} folder
 */
export async function makeCertificates(folder) {
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30']
  /** @param {string} name */
  const files = (name) => [
    '-keyout',
    join(folder, `${name}.key`),
    '-out',
    join(folder, `${name}.crt`),
  ]
  await run('openssl', [...made, ...files('ca'), '-subj', '/CN=authority'])
  const signed = ['-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')]
  const names = 'IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc'
  const server = ['-subj', '/CN=kube-apiserver', '-addext', `subjectAltName=${names}`]
  await run('openssl', [...made, ...files('server'), ...signed, ...server])
  // This group may do everything.
  const admin = ['-subj', '/O=system:masters/CN=admin']
  await run('openssl', [...made, ...files('admin'), ...signed, ...admin])
}
