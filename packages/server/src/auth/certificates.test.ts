import { describe, expect, test } from 'vitest'
import type { ClientCertificate } from '../server-context.js'
import { Certificates, namesOf } from './certificates.js'

const grants = [{ topics: '*', rights: ['read' as const] }]

function certificate(CN: unknown, subjectaltname?: string): ClientCertificate {
  return { subject: { CN }, subjectaltname } as unknown as ClientCertificate
}

describe('client certificates', () => {
  test('are known by common name, DNS name and URI, and by nothing else', () => {
    const names = namesOf(
      certificate('billing', 'DNS:billing.local, URI:spiffe://a/billing, IP Address:127.0.0.1'),
    )
    expect([...names]).toEqual(['billing', 'billing.local', 'spiffe://a/billing'])
  })

  test('a name that looks like several is one', () => {
    expect([...namesOf(certificate('a', 'URI:"http://x/, DNS:admin", DNS:b'))]).toEqual([
      'a',
      'http://x/, DNS:admin',
      'b',
    ])
  })

  test('names that cannot be taken apart are none', () => {
    expect([...namesOf(certificate('a', 'DNS:admin, DNS:"broken'))]).toEqual(['a'])
  })

  test('a subject with several common names has all of them, and one without has none', () => {
    expect([...namesOf(certificate(['a', 'b']))]).toEqual(['a', 'b'])
    expect([...namesOf(certificate(undefined))]).toEqual([])
  })

  test('get the name and the grants of the configuration', () => {
    const known = new Certificates([
      { subject: 'billing', grants },
      { subject: 'spiffe://a/sensor', name: 'sensor', grants },
    ])
    expect(known.find(certificate('billing'))).toEqual({ name: 'certificate:billing', grants })
    const sensor = known.find(certificate('x', 'URI:spiffe://a/sensor'))
    expect(sensor).toEqual({ name: 'certificate:sensor', grants })
    expect(known.find(certificate('Billing'))).toBeUndefined()
    expect(known.find(certificate('bill'))).toBeUndefined()
  })
})
