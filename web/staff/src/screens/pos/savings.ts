import { explain } from '@shared/price/src/explain'
import { inWords, type Said, type Words } from '@shared/price/src/price'
import words from '@shared/price/words.json'
import type { Priced } from '@/api/types'
import { language } from '@/lib/words'

export interface Saving {
  readonly key: string
  readonly tag: string
  readonly tone: 'brand' | 'gold' | 'green'
  readonly say: string
  readonly savedFen: number
}

type Names = Readonly<Record<string, string>>
const TAGS = { coupon: ['券', 'coupon', 'gold'], points: ['积分', 'points', 'gold'], member_price: ['会员', 'member', 'green'] } as const

/** Tells a price row by row in the language of the screen. */
export function told(priced: Priced, names: Names): Said {
  return inWords(explain(priced as Parameters<typeof explain>[0]), language.value, words as Words, names)
}

/** Returns what came off, each with its name, the largest first. */
export function savingsOf(priced: Priced, names: Names): Saving[] {
  const english = language.value === 'en'
  const rows = (explain(priced as Parameters<typeof explain>[0]).rows ?? []).filter((row) => (row.amount_fen ?? 0) < 0)
  return rows
    .map((row) => {
      const kind = row.code.startsWith('coupon') ? TAGS.coupon : row.code === 'points' ? TAGS.points : row.code.startsWith('member') ? TAGS.member_price : null
      const said = inWords(row, language.value, words as Words, names)
      return {
        key: row.code + String(row.facts?.['offer_id'] ?? ''),
        tag: kind ? (english ? kind[1] : kind[0]) : english ? 'offer' : '优惠',
        tone: kind ? kind[2] : ('brand' as const),
        say: said.say.replace(/[，,]?\s*(省|saves?)\s*¥[\d.]+$/, ''),
        savedFen: -(row.amount_fen ?? 0),
      }
    })
    .sort((a, b) => b.savedFen - a.savedFen)
}
