import { describe, expect, it } from 'vitest'
import { NOTHING, plus, topOf, type Report } from '../src/console/promo/dryRun'
import { begun, KINDS, newTerms, type Kind } from '../src/console/promo/offers'

const found = (store: string, read: number, cost: number): Report => ({
  offer_id: 'o', version: 1, from_at: '', to_at: '', orders: read * 2, read, affected: read - 1, uptake_bp: 0, due_without_fen: 0, cost_fen: cost, cost_estimate_fen: cost * 2, average_saving_fen: 0, inexact: 0,
  by_store: [{ key: store, orders: read, affected: read - 1, cost_fen: cost }], by_daypart: [{ key: 'lunch', orders: read, affected: read - 1, cost_fen: cost }], top_dishes: [{ dish_id: 'noodles', saved_fen: cost }], assumes: ['validity'],
})

describe('a dry run', () => {
  it('adds up over its stores, and says once what it assumes', () => {
    const total = plus(plus(NOTHING, found('a', 3, 500)), found('b', 5, 700))
    expect([total.orders, total.read, total.affected, total.cost_fen, total.cost_estimate_fen]).toEqual([16, 8, 6, 1200, 2400])
    expect(total.by_store.map((each) => each.key)).toEqual(['a', 'b'])
    expect(total.by_daypart).toEqual([{ key: 'lunch', orders: 8, affected: 6, cost_fen: 1200 }])
    expect(topOf(total)).toEqual([{ dish_id: 'noodles', saved_fen: 1200 }])
    expect(total.assumes).toEqual(['validity'])
  })
})

describe('an offer that nobody has made yet', () => {
  it('begins with every field that its kind has', () => {
    for (const kind of Object.keys(KINDS) as Kind[]) expect(Object.keys(begun(kind)).sort()).toEqual(['kind', ...KINDS[kind].fields.map((each) => each.name)].sort())
    expect(newTerms().offer.id).not.toBe(newTerms().offer.id)
  })
})
