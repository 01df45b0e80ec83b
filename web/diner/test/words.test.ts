import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parts } from '@/lib/money'
import { hindrances, nearest, savings } from '@/lib/reasons'
import { codeIn } from '@/lib/table'
import { clock, closesAt, day, daypart, opensNext, type OpenHours } from '@/lib/time'
import { en } from '@/locale/en'
import { zh } from '@/locale/zh'

const PLACES = /\{\w+\}/g
const SRC = new URL('../src', import.meta.url).pathname
const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : /\.(vue|ts)$/.test(name) && !path.includes('/locale/') && !path.endsWith('.d.ts') ? [path] : []
  })

describe('the sentences', () => {
  test('have the same places in both languages', () => {
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, ...(en[key].match(PLACES) ?? []).sort()]).toEqual([key, ...(zh[key].match(PLACES) ?? []).sort()])
  })

  test('are all said somewhere', () => {
    const source = files(SRC).map((path) => readFileSync(path, 'utf8')).join('\n')
    const made = ['order.state.', 'order.pay.', 'order.hint.', 'privacy.purpose.', 'privacy.why.', 'plan.state.', 'plan.right.', 'pay.method.', 'kind.', 'fee.', 'hello.', 'tab.', 'say.', 'first.', 'refund.state.', 'refund.why.', 'call.kind.', 'call.how.', 'split.by_', 'data.fate_', 'address.', 'feedback.tag.', 'feedback.stars_']
    const idle = Object.keys(zh).filter((key) => !source.includes(`'${key}'`) && !made.some((prefix) => key.startsWith(prefix)))
    expect(idle).toEqual([])
  })

  test('stand nowhere else: no page holds Chinese of its own', () => {
    const own = files(SRC).filter((path) => path.endsWith('.vue') && /[\u4e00-\u9fff]/.test(readFileSync(path, 'utf8').replace(/<style[\s\S]*<\/style>|\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, '')))
    expect(own.map((path) => path.slice(SRC.length))).toEqual(['/components/GtCoupon.vue', '/member/settings/index.vue']) // 折, and a language's own name
  })
})

test('money is read in yuan, with fen only where there are any', () => {
  expect([parts(5800), parts(1250), parts(1205), parts(-5), parts(0)]).toEqual([
    { whole: '58', rest: '' },
    { whole: '12', rest: '.5' },
    { whole: '12', rest: '.05' },
    { whole: '-0', rest: '.05' },
    { whole: '0', rest: '' },
  ])
})

describe('why a price is so', () => {
  const priced = {
    lines: [],
    reasons: [
      { code: 'member_price', saved_fen: 600, line_no: 1 },
      { code: 'member_price', saved_fen: 400, line_no: 2 },
      { code: 'coupon_cash', saved_fen: 2000, offer_id: 'c1' },
      { code: 'points', saved_fen: 480 },
    ],
    why_not: [
      { offer_id: 'c3', code: 'no_such_dish', facts: { dish_ids: ['d1'] } },
      { offer_id: 'c2', code: 'below_threshold', facts: { missing_fen: 1200, threshold_fen: 5000 } },
    ],
    list_fen: 11400,
    member_saving_fen: 1000,
    coupon_id: 'c1',
    coupon_fen: 2000,
    points: 480,
    points_fen: 480,
    due_fen: 7920,
  }
  const names = { c1: '满 50 减 20', c2: '满减券', c3: '甜品券', d1: '布丁' }

  test('is said once for each thing that saves, and adds up', () => {
    const rows = savings(priced.reasons, 480, 'zh-CN', names)
    expect(rows).toEqual([
      { say: '会员价', saved_fen: 1000 },
      { say: '满 50 减 20（代金券）', saved_fen: 2000 },
      { say: '480 积分', saved_fen: 480 },
    ])
    expect(priced.list_fen - rows.reduce((sum, row) => sum + row.saved_fen, 0)).toBe(priced.due_fen)
    expect(savings(priced.reasons, 480, 'en', names)[0]).toEqual({ say: 'Member price', saved_fen: 1000 })
  })

  test('says what is missing, the nearest first', () => {
    const why = hindrances(priced as never, 'zh-CN', names)
    expect(why.map((each) => each.say)).toEqual(['满减券：还差 ¥12.00', '甜品券：没有点适用的菜'])
    expect(why[1]?.do).toContain('布丁')
    expect(nearest(why)?.offer_id).toBe('c2')
  })
})

describe('times', () => {
  const week = (hours: OpenHours[]) => ({ hours, special_days: [] })
  const daily = Array.from({ length: 7 }, (_, weekday) => ({ weekday, opens: 600, closes: weekday === 4 ? 1560 : 1320 }))
  const at = (text: string) => Date.parse(`${text}+08:00`)

  test('are those of the store', () => {
    expect([clock('2026-11-23T00:30:00Z'), day('2026-11-22T16:30:00Z')]).toEqual(['08:30', '2026-11-23'])
    expect([4, 8, 12, 16, 20, 23].map(daypart)).toEqual(['night', 'morning', 'noon', 'afternoon', 'evening', 'night'])
  })

  test('a store says when it closes, past midnight too', () => {
    expect(closesAt(week(daily), at('2026-11-23T12:00'))).toBe(1320)
    expect(closesAt(week(daily), at('2026-11-28T01:00'))).toBe(120)
    expect(closesAt(week([{ weekday: 0, opens: 0, closes: 1440 }]), at('2026-11-23T12:00'))).toBeNull()
  })

  test('a closed store says when it opens', () => {
    expect(opensNext(week(daily), at('2026-11-23T07:00'))).toEqual({ days: 0, minute: 600 })
    expect(opensNext(week(daily), at('2026-11-23T23:00'))).toEqual({ days: 1, minute: 600 })
    expect(opensNext(week([]), at('2026-11-23T23:00'))).toBeNull()
  })
})

test.each([
  ['X64PPW2BF98NQCLB', 'X64PPW2BF98NQCLB'],
  [' x64p pw2b f98n qclb ', 'X64PPW2BF98NQCLB'],
  ['https://haowei.example/app/#/pay/table/index?code=X64PPW2BF98NQCLB', 'X64PPW2BF98NQCLB'],
  ['https://haowei.example/t/X64PPW2BF98NQCLB', 'X64PPW2BF98NQCLB'],
  ['hello', null],
  ['javascript:alert(1)', null],
])('the code in %s is %s', (text, code) => expect(codeIn(text)).toBe(code))
