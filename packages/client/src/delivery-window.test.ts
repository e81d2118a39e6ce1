import { describe, expect, it } from 'vitest'
import { DeliveryWindow } from './delivery-window.js'

describe('a delivery window', () => {
  it('begins with one, and asks for no more while that is on its way', () => {
    const window = new DeliveryWindow(100)
    expect(window.ask(0, 1)).toBe(1)
    expect(window.ask(0, 1)).toBe(0)
  })

  it('asks for all that is waited for', () => {
    const window = new DeliveryWindow(100)
    expect(window.ask(0, 3)).toBe(3)
    expect(window.ask(0, 5)).toBe(2)
  })

  it('asks again when half is used up, and for what is missing then', () => {
    const window = new DeliveryWindow(8)
    for (let turn = 0; turn < 3; turn++) window.grow()
    expect(window.ask(0, 1)).toBe(8)
    for (let count = 0; count < 8; count++) window.received()
    expect(window.ask(5, 0)).toBe(0)
    expect(window.ask(4, 0)).toBe(4)
  })

  it('grows up to its bound, and shrinks to one', () => {
    const window = new DeliveryWindow(5)
    for (let turn = 0; turn < 9; turn++) window.grow()
    expect(window.ask(0, 1)).toBe(5)
    for (let count = 0; count < 5; count++) window.received()
    window.shrink()
    expect(window.ask(0, 1)).toBe(1)
  })

  it('asks in another stream for what is waited for, and for one where nothing is at hand', () => {
    const window = new DeliveryWindow(100)
    window.ask(0, 3)
    expect(window.askAgain(0, 3)).toBe(3)
    expect(window.askAgain(0, 0)).toBe(1)
    expect(window.askAgain(2, 0)).toBe(0)
    window.close()
    expect(window.ask(0, 1)).toBe(1)
  })
})
