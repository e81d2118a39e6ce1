import { manualClock } from '@goethe/core/testing'
import { expect, it } from 'vitest'
import type { PeerProblem } from './peer-transport.js'
import { RepeatedProblems } from './repeated-problems.js'

const problem: PeerProblem = {
  kind: 'unauthenticated',
  member: 'a',
  address: '10.0.0.7:41000',
  message: 'It has no secret',
}

it('a problem is news once a minute, whatever the port', () => {
  const clock = manualClock()
  const problems = new RepeatedProblems(clock)
  expect(problems.isNews(problem)).toBe(true)
  clock.advance(59_999)
  expect(problems.isNews({ ...problem, address: '10.0.0.7:41001' })).toBe(false)
  clock.advance(1)
  expect(problems.isNews(problem)).toBe(true)
  expect(problems.isNews(problem)).toBe(false)
})

it('another problem is news, and so is that of another host', () => {
  const problems = new RepeatedProblems(manualClock())
  expect(problems.isNews(problem)).toBe(true)
  expect(problems.isNews({ ...problem, member: 'b' })).toBe(true)
  expect(problems.isNews({ ...problem, address: '10.0.0.8:41000' })).toBe(true)
  expect(problems.isNews({ ...problem, message: 'It has another secret' })).toBe(true)
})

it('a problem is news after the clock went back', () => {
  const clock = manualClock()
  const problems = new RepeatedProblems(clock)
  problems.isNews(problem)
  clock.set(clock.now() - 3_600_000_000_000n)
  expect(problems.isNews(problem)).toBe(true)
})

it('what was told long before many others is forgotten', () => {
  const problems = new RepeatedProblems(manualClock())
  problems.isNews(problem)
  for (let index = 0; index < 1_000; index++) problems.isNews({ ...problem, message: `${index}` })
  expect(problems.isNews({ ...problem, message: '999' })).toBe(false)
  expect(problems.isNews(problem)).toBe(true)
})
