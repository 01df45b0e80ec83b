import type { Answer } from '@/api/client'

export type Report = Answer<'/v1/offers/{offer_id}/dry-run', 'post'>
type Sum = Required<Report['by_store'][number]>

const TOP = 8

/** What an offer would have done, added up over the stores that were tried so far. */
export interface Total {
  readonly orders: number
  readonly read: number
  readonly affected: number
  readonly cost_fen: number
  readonly cost_estimate_fen: number
  readonly inexact: number
  readonly by_store: readonly Sum[]
  readonly by_daypart: readonly Sum[]
  readonly dishes: readonly { readonly dish_id: string; readonly saved_fen: number }[]
  readonly assumes: readonly string[]
}
export const NOTHING: Total = { orders: 0, read: 0, affected: 0, cost_fen: 0, cost_estimate_fen: 0, inexact: 0, by_store: [], by_daypart: [], dishes: [], assumes: [] }

/** Adds what was found in one more store. */
export function plus(total: Total, found: Report): Total {
  const dayparts = new Map(total.by_daypart.map((each) => [each.key, each]))
  for (const each of found.by_daypart as readonly Sum[]) {
    const had = dayparts.get(each.key)
    dayparts.set(each.key, had ? { key: each.key, orders: had.orders + each.orders, affected: had.affected + each.affected, cost_fen: had.cost_fen + each.cost_fen } : each)
  }
  const dishes = new Map(total.dishes.map((each) => [each.dish_id, each.saved_fen]))
  for (const each of found.top_dishes) dishes.set(each.dish_id, (dishes.get(each.dish_id) ?? 0) + each.saved_fen)
  return {
    orders: total.orders + found.orders,
    read: total.read + found.read,
    affected: total.affected + found.affected,
    cost_fen: total.cost_fen + found.cost_fen,
    cost_estimate_fen: total.cost_estimate_fen + found.cost_estimate_fen,
    inexact: total.inexact + found.inexact,
    by_store: [...total.by_store, ...(found.by_store as readonly Sum[])],
    by_daypart: [...dayparts.values()],
    dishes: [...dishes].map(([dish_id, saved_fen]) => ({ dish_id, saved_fen })).sort((a, b) => b.saved_fen - a.saved_fen),
    assumes: [...new Set([...total.assumes, ...found.assumes])],
  }
}
export const topOf = (total: Total): Total['dishes'] => total.dishes.slice(0, TOP)
