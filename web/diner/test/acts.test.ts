import { describe, expect, test } from 'vitest'
import { intend, pending, settle } from '@/lib/intents'
import { uuid7 } from '@/lib/uuid7'

describe('an act', () => {
  test('keeps its id over retries and reloads until its outcome is known', () => {
    const id = intend('order', { lines: [1] })
    expect(intend('order', { lines: [1] })).toBe(id)
    expect(pending('order')?.id).toBe(id)
    settle('order')
    expect(pending('order')).toBeNull()
    expect(intend('order', { lines: [1] })).not.toBe(id)
  })

  test('with other content is another act', () => {
    expect(intend('order', { lines: [1] })).not.toBe(intend('order', { lines: [2] }))
  })
})

test('ids are UUIDv7, sort by time, and do not repeat', () => {
  const ids = Array.from({ length: 2000 }, () => uuid7(1_795_000_000_000))
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(2000)
  expect(uuid7(1_795_000_000_000) < uuid7(1_795_000_000_001)).toBe(true)
  expect(parseInt(uuid7(1_795_000_000_000).replace('-', '').slice(0, 12), 16)).toBe(1_795_000_000_000)
})
