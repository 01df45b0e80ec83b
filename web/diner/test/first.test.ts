/** What the house draws before the app runs is what the app shows: the same cases are held against `goodtaste/app/first`. */
import { expect, test } from 'vitest'
import type { Menu, Store } from '@/api/shapes'
import { opening } from '@/lib/opening'
import { recommended } from '@/lib/recommend'
import { daypart } from '@/lib/time'
import cases from './first.json'

test('the part of the day', () => {
  for (const [hour, part] of cases.dayparts) expect([hour, daypart(hour as number)]).toEqual([hour, part])
})

type Opening = { at: string; open: boolean; open_now: boolean; hours: number[][]; special?: [string, ...number[][]][]; says: string }

test('whether a store is open', () => {
  for (const { at, hours, special = [], says, ...store } of cases.openings as Opening[]) {
    const spans = hours.map(([weekday, opens, closes]) => ({ weekday, opens, closes }))
    expect(opening({ ...store, hours: spans, special_days: special.map(([day, ...times]) => ({ day, spans: times.map(([opens, closes]) => ({ opens, closes })) })), zone: 'Asia/Shanghai' } as unknown as Store, Date.parse(at))).toBe(says)
  }
})

test('what is recommended, of the whole menu and of the part that the page brings', () => {
  for (const { categories, picks } of cases.menus) {
    const say = (shown: (id: string) => boolean) => {
      const some = categories.map(({ open_now, dishes }) => ({ open_now, dishes: dishes.filter(({ id }) => shown(id)).map((each) => ({ ...each, skus: [] })) }))
      return recommended({ categories: some } as unknown as Menu, []).map(({ dish, why }) => [dish.id, why.key, why.facts['tag'] ?? ''])
    }
    expect(say(() => true)).toEqual(picks)
    expect(say((id) => picks.some(([taken]) => taken === id))).toEqual(picks)
  }
})
