/**
 * A price as the tree of rows that tells how it came about: the same tree as `pricing/explain.py` makes, held to it by the golden cases.
 */
import type { Fact, Row } from './price.js'

/** What of a price its explanation is made from, as the server sends it: what is empty may be left out. */
export interface Explained {
  readonly lines: readonly { readonly line_no: number; readonly sku_id: string; readonly qty: number; readonly list_fen: number }[]
  readonly reasons: readonly { readonly code: string; readonly saved_fen: number; readonly line_no?: number | null; readonly offer_id?: string | null }[]
  readonly why_not: readonly { readonly offer_id: string; readonly code: string; readonly facts?: Readonly<Record<string, unknown>> }[]
  readonly list_fen: number
  readonly points: number
  readonly due_fen: number
  readonly fees?: readonly { readonly code: string; readonly amount_fen: number }[]
  readonly donation_fen?: number
  readonly gifts?: readonly { readonly offer_id: string; readonly sku_id: string; readonly qty: number }[]
  readonly applied?: readonly { readonly offer_id: string; readonly sets?: number }[]
  readonly proof?: { readonly exact: boolean; readonly cost_fen: number; readonly bound_fen: number } | null
}

type Facts = Readonly<Record<string, Fact>>

/** Returns the tree of a price: what it is made of, what was saved by what, and why the rest did not apply. */
export function explain(priced: Explained): Row {
  const rows: Row[] = [list(priced), ...savings(priced)]
  for (const fee of priced.fees ?? []) rows.push({ code: `fee_${fee.code}`, amount_fen: fee.amount_fen })
  if (priced.donation_fen) rows.push({ code: 'donation', amount_fen: priced.donation_fen })
  for (const gift of priced.gifts ?? []) rows.push({ code: 'gift', amount_fen: 0, facts: { offer_id: gift.offer_id, sku_id: gift.sku_id, qty: gift.qty } })
  if (priced.why_not.length > 0) rows.push({ code: 'not_applied', rows: priced.why_not.map(why) })
  const proof = priced.proof
  if (proof && !proof.exact) rows.push({ code: 'not_exact', facts: { gap_fen: proof.cost_fen - proof.bound_fen } })
  return { code: 'price', amount_fen: priced.due_fen, rows }
}

function list(priced: Explained): Row {
  const rows = priced.lines.map(({ line_no, sku_id, qty, list_fen }) => ({ code: 'line', amount_fen: list_fen * qty, facts: { line_no, sku_id, qty } }))
  return { code: 'list', amount_fen: priced.list_fen, rows }
}

/** Gives a row for each offer, coupon and rule that took something off, with its lines below it. */
function savings(priced: Explained): Row[] {
  const found = new Map<string, { code: string; offer: string | null; rows: Row[] }>()
  for (const reason of priced.reasons) {
    if (!reason.saved_fen) continue
    const offer = reason.offer_id ?? null
    const key = `${reason.code} ${offer}`
    const entry = found.get(key) ?? { code: reason.code, offer, rows: [] }
    const facts = reason.line_no == null ? {} : { facts: { line_no: reason.line_no } }
    entry.rows.push({ code: 'on_line', amount_fen: -reason.saved_fen, ...facts })
    found.set(key, entry)
  }
  const sets = new Map((priced.applied ?? []).flatMap((used) => (used.sets ? [[used.offer_id, used.sets] as const] : [])))
  return [...found.values()].map(({ code, offer, rows }) => {
    const amount = rows.reduce((total, row) => total + (row.amount_fen ?? 0), 0)
    const facts: Record<string, Fact> = { saved_fen: -amount }
    if (offer !== null) facts['offer_id'] = offer
    const together = offer === null ? undefined : sets.get(offer)
    if (together !== undefined) facts['sets'] = together
    if (code === 'points') facts['points'] = priced.points
    const below = rows.filter((row) => row.facts !== undefined)
    return { code, amount_fen: amount, facts, ...(below.length > 0 ? { rows: below } : {}) }
  })
}

function why(each: Explained['why_not'][number]): Row {
  const given = each.facts ?? {}
  const beatenByNone = each.code === 'another_saves_more' && Object.keys(given).length === 0
  return { code: beatenByNone ? 'why_nothing_saved' : `why_${each.code}`, facts: { offer_id: each.offer_id, ...given } as Facts }
}
