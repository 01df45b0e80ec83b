import { describe, expect, it } from 'vitest'
import { newId } from '@/lib/ids'
import { classify } from '@/lib/scan'
import { short } from '@/lib/money'

describe('ids', () => {
  it('are UUIDv7 that sort by the time they were made', () => {
    const made = [1_700_000_000_000, 1_700_000_000_001, 1_900_000_000_000].map(newId)
    expect(made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
    expect([...made].sort()).toEqual(made)
    expect(Number.parseInt(newId(1_700_000_000_000).replace('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000)
  })
})

describe('what was scanned', () => {
  it.each([
    ['134567890123456789', 'pay', 'wechat_pay'],
    [' 281234567890123456\r', 'pay', 'alipay'],
    ['6212345678901234567', 'pay', 'unionpay'],
    ['990012345678901234', 'pay', 'wallet'],
    ['881234567890123456', 'member', undefined],
    [`M1${'A'.repeat(128)}`, 'member', undefined],
    ['C123456789ABCDEFGHJ', 'coupon', undefined],
    ['hello', 'unknown', undefined],
    ['1345678901234567891', 'unknown', undefined],
  ])('%s is %s', (text, kind, method) => {
    const found = classify(text)
    expect(found.kind).toBe(kind)
    expect('method' in found ? found.method : undefined).toBe(method)
  })
})

describe('money', () => {
  it('loses its decimals only where there are none', () => {
    expect([5800, 1250, 5, 0].map(short)).toEqual(['58', '12.50', '0.05', '0'])
  })
})
