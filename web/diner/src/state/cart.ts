/** The cart of this phone, kept over reloads, and what it costs by the server. */
import { computed, ref, shallowRef, watch } from 'vue'
import { api, CHANNEL, sentence } from '@/api'
import { Problem } from '@/api/client'
import type { Cart, Quote } from '@/api/shapes'
import { changed, choices, pieces, shown, type Line, type Pick } from '@/lib/basket'
import { keep, load } from '@/lib/storage'
import { language } from './language'
import { menu, seat, store_id } from './place'
import { signedIn } from './session'

interface Kept {
  readonly store_id: string
  readonly lines: Line[]
}
const kept = load<Kept>('cart', { store_id: '', lines: [] })
if (!store_id.value && kept.store_id) store_id.value = kept.store_id

export const lines = ref<Line[]>(kept.store_id === store_id.value ? kept.lines : [])
/** Which coupons: null lets the server choose the best, none uses none. */
export const wanted = ref<string[] | null>(null)
export const withPoints = ref(load('points', true))
export const count = computed(() => pieces(lines.value))
export const rows = computed(() => shown(lines.value, menu.value, signedIn.value))
export const listFen = computed(() => rows.value.reduce((fen, row) => fen + row.unit_fen * row.qty, 0))

export const quote = shallowRef<Quote | null>(null)
export const quoteFault = ref('')
const quoted = ref('')

export function put(dish_id: string, pick: Pick, by: number): void {
  hold(changed(lines.value, dish_id, pick, by))
}

export function hold(all: Line[]): void {
  lines.value = all
  keep('cart', { store_id: store_id.value, lines: all } satisfies Kept)
  if (all.length === 0) wanted.value = null
}

export function usePoints(yes: boolean): void {
  withPoints.value = yes
  keep('points', yes)
}

/** Returns what is sent to have the cart priced; an order of it says the same. */
export function asCart(): Cart {
  return {
    store_id: store_id.value,
    channel: seat.value ? 'table_qr' : CHANNEL,
    kind: seat.value ? 'dine_in' : 'pickup',
    ...(seat.value ? { table_id: seat.value.table_id, party: seat.value.party } : {}),
    lines: choices(lines.value),
    all_points: withPoints.value,
    ...(wanted.value === null ? {} : wanted.value.length ? { coupon_ids: [...wanted.value] } : { no_coupon: true }),
  }
}

/** Tells whether the quote at hand is that of the cart as it is now. */
export const fresh = computed(() => quoted.value === JSON.stringify(asCart()) && quote.value !== null)

const WAIT_MS = 200
let timer: ReturnType<typeof setTimeout> | undefined
let asked = 0

/** Has the cart priced; the last question wins. */
export async function price(): Promise<void> {
  clearTimeout(timer)
  const mine = ++asked
  if (lines.value.length === 0) {
    quote.value = null
    quoted.value = quoteFault.value = ''
    return
  }
  const cart = asCart()
  try {
    const found = await api.post('/v1/quotes', { body: cart })
    if (mine !== asked) return
    quote.value = found
    quoted.value = JSON.stringify(cart)
    quoteFault.value = ''
  } catch (error) {
    if (mine !== asked) return
    if (error instanceof Problem && error.code.includes('coupon') && wanted.value !== null) {
      wanted.value = null // the chosen coupon does not go with this cart any more: the server chooses
      return
    }
    quoteFault.value = sentence(error)
  }
}

watch([lines, wanted, withPoints, seat, signedIn, language], () => {
  clearTimeout(timer)
  timer = setTimeout(() => void price(), WAIT_MS)
})

watch(store_id, () => {
  if (lines.value.length) hold([])
})
