import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { useKeys } from '@/lib/keys'

let pressed: string[]
let scanned: string[]
let screen: { unmount(): void }

function type(keys: readonly string[], gapMs: number): void {
  for (const key of keys) {
    dispatchEvent(Object.assign(new KeyboardEvent('keydown', { key }), {}))
    vi.advanceTimersByTime(gapMs)
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Event.prototype, 'timeStamp', 'get').mockImplementation(() => performance.now())
  pressed = []
  scanned = []
  screen = mount(defineComponent({ setup: () => (useKeys((key) => Boolean(pressed.push(key)), (text) => scanned.push(text)), () => h('div')) }))
})
afterEach(() => {
  screen.unmount()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('keys', () => {
  it('of a person are heard one by one', () => {
    type(['1', '2', 'F9'], 120)
    vi.advanceTimersByTime(500)
    expect([pressed, scanned]).toEqual([['1', '2', 'F9'], []])
  })

  it('of a scanner are one text, and no number key', () => {
    type([...'881234567890123456', 'Enter'], 4)
    vi.advanceTimersByTime(500)
    expect([pressed, scanned]).toEqual([[], ['881234567890123456']])
  })

  it('of a scanner that a busy till hears late are still one text', () => {
    type(['8', '8', '1', '2'], 4)
    type([...'34567890123456', 'Enter'], 90)
    expect(scanned).toEqual(['881234567890123456'])
  })

  it('that somebody types into a field stay there', () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }))
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'F2', bubbles: true }))
    vi.advanceTimersByTime(500)
    expect(pressed).toEqual(['F2'])
    field.remove()
  })
})
