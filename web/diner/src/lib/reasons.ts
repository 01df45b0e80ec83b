/** The price of a quote or an order in words: what saved what, and why the others do not apply. */
import type { Quote } from '@/api/shapes'
import { inWords, type Fact, type Language, type Said, type Words } from '@shared/price/src/price'
import words from '@shared/price/words.json'

type Priced = Quote['priced']
type Reason = Priced['reasons'][number]
export type Names = Readonly<Record<string, string>>

const WORDS = words as Words
const say = (code: string, facts: Record<string, Fact>, language: Language, names: Names, amount_fen?: number): Said =>
  inWords(amount_fen === undefined ? { code, facts } : { code, facts, amount_fen }, language, WORDS, names)

/** One row for each thing that saved money, those of several lines added up, in the order of the work. */
export function savings(reasons: readonly Reason[], points: number, language: Language, names: Names): { say: string; saved_fen: number }[] {
  const sums = new Map<string, { reason: Reason; saved_fen: number }>()
  for (const reason of reasons) {
    const key = `${reason.code} ${reason.offer_id ?? ''}`
    const saved_fen = (sums.get(key)?.saved_fen ?? 0) + reason.saved_fen
    sums.set(key, { reason, saved_fen })
  }
  return [...sums.values()].map(({ reason, saved_fen }) => {
    const facts: Record<string, Fact> = { saved_fen, points, sets: 1, ...(reason.offer_id ? { offer_id: reason.offer_id } : {}) }
    return { say: withoutAmount(say(reason.code, facts, language, names).say), saved_fen }
  })
}

/** The amount stands in its own column: the words of the sentence up to it. */
const withoutAmount = (sentence: string) => sentence.replace(/\s*(省|抵|pay|saves|by)?\s*¥-?[\d.]+$/, '')

export interface Hindrance {
  readonly offer_id: string
  readonly code: string
  readonly say: string
  readonly do: string
  readonly missing_fen: number | null
}

/** Why each offer or coupon does not apply, those that are nearest first. */
export function hindrances(priced: Priced, language: Language, names: Names): Hindrance[] {
  return priced.why_not
    .map(({ offer_id, code, facts }) => {
      const said = say(`why_${code}`, { ...(facts as Record<string, Fact>), offer_id }, language, names)
      const missing = (facts as Record<string, unknown> | undefined)?.['missing_fen']
      return { offer_id, code, say: said.say, do: said.do, missing_fen: typeof missing === 'number' ? missing : null }
    })
    .sort((a, b) => (a.missing_fen ?? Infinity) - (b.missing_fen ?? Infinity))
}

const NEAR = new Set(['below_threshold', 'next_tier'])

/** Returns what little is missing for the next saving: the nearest threshold, where there is one. */
export const nearest = (all: readonly Hindrance[]): Hindrance | null =>
  all.find((each) => NEAR.has(each.code) && each.missing_fen !== null && each.missing_fen > 0) ?? null
