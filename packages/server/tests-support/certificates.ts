/** Certificates for tests: an authority, and what it has signed. */
import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const notBefore = new Date(Date.now() - 3_600_000)
const notAfter = new Date(Date.now() + 3_600_000)

/** Paths and texts of a certificate and its key. */
export interface TestCertificate {
  certFile: string
  keyFile: string
  cert: string
  key: string
}

export class TestAuthority {
  readonly certFile: string
  readonly cert: string
  readonly #folder: string
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(
    folder: string,
    keys: webcrypto.CryptoKeyPair,
    certFile: string,
    cert: string,
  ) {
    this.#folder = folder
    this.#keys = keys
    this.certFile = certFile
    this.cert = cert
  }

  static async create(folder: string, name = 'authority'): Promise<TestAuthority> {
    const keys = await newKeys()
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      notBefore,
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    })
    const cert = certificate.toString('pem')
    const certFile = join(folder, `${name}.pem`)
    await writeFile(certFile, cert)
    return new TestAuthority(folder, keys, certFile, cert)
  }

  /** A certificate for 127.0.0.1 and localhost (or `hosts`), or of a client of this name. */
  async sign(name: string, ...hosts: string[]): Promise<TestCertificate> {
    const names = hosts.length === 0 ? ['localhost'] : hosts
    const keys = await newKeys()
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: 'CN=authority',
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          ...names.map((value) => ({ type: 'dns' as const, value })),
        ]),
      ],
    })
    const exported = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
    const base64 = Buffer.from(exported).toString('base64').replaceAll(/.{64}/g, '$&\n')
    const key = `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`
    const cert = certificate.toString('pem')
    const certFile = join(this.#folder, `${name}.pem`)
    const keyFile = join(this.#folder, `${name}.key`)
    await writeFile(certFile, cert)
    await writeFile(keyFile, key)
    return { certFile, keyFile, cert, key }
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
}
