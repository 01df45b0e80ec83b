/** The cart, kept over reloads, and what it costs by the server: this phone's own, or that of the table where it sits. */
import { computed, ref, shallowRef, watch } from 'vue'
import { api, CHANNEL, sentence } from '@/api'
import { Problem } from '@/api/client'
import type { Cart, Quote } from '@/api/shapes'
import { changed, choices, pieces, shown, type Line, type Pick } from '@/lib/basket'
import { keep, load } from '@/lib/storage'
import { way } from './bring'
import { language, t } from './language'
import { menu, seat, store_id } from './place'
import { signedIn } from './session'
import { clearOwn, putShared, seating, shared } from './table'
import { tell } from './tell'

interface Kept {
  readonly store_id: string
  readonly lines: Line[]
}
const kept = load<Kept>('cart', { store_id: '', lines: [] })
if (!store_id.value && kept.store_id) store_id.value = kept.store_id

const own = ref<Line[]>(kept.store_id === store_id.value ? kept.lines : [])
export const lines = computed<Line[]>(() => (seat.value ? shared.value : own.value))
/** Which coupons: null lets the server choose the best, none uses none. */
export const wanted = ref<string[] | null>(null)
export const withPoints = ref(load('points', true))
export const count = computed(() => pieces(lines.value))
export const rows = computed(() => shown(lines.value, menu.value, signedIn.value))
export const listFen = computed(() => rows.value.reduce((fen, row) => fen + row.unit_fen * row.qty, 0))

const ownQuote = shallowRef<Quote | null>(null)
export const quote = computed<Quote | null>(() => (seat.value ? (seating.value?.quote ?? null) : ownQuote.value))
export const quoteFault = ref('')
const quoted = ref('')

export function put(dish_id: string, pick: Pick & { readonly key?: string }, by: number): void {
  if (seat.value) void putShared(pick, by).catch((error: unknown) => tell(sentence(error)))
  else hold(changed(own.value, dish_id, pick, by))
}

/** Fills this phone's own cart. */
export function hold(all: Line[]): void {
  own.value = all
  keep('cart', { store_id: store_id.value, lines: all } satisfies Kept)
  if (all.length === 0) wanted.value = null
}

/** Empties the cart; at a table, of what this phone put there. */
export function clear(): void {
  if (seat.value) return void clearOwn().catch((error: unknown) => tell(sentence(error)))
  const before = own.value
  hold([])
  tell(t('cart.cleared'), () => hold(before))
}

export function usePoints(yes: boolean): void {
  withPoints.value = yes
  keep('points', yes)
}

/** Returns what is sent to have the cart priced; an order of it says the same. */
export function asCart(): Cart {
  return {
    store_id: store_id.value,
    channel: CHANNEL,
    kind: way.value,
    lines: choices(own.value),
    all_points: withPoints.value,
    ...(wanted.value === null ? {} : wanted.value.length ? { coupon_ids: [...wanted.value] } : { no_coupon: true }),
  }
}

/** Tells whether the quote at hand is that of the cart as it is now. */
export const fresh = computed(() => quote.value !== null && (seat.value !== null || quoted.value === JSON.stringify(asCart())))

const WAIT_MS = 200
let timer: ReturnType<typeof setTimeout> | undefined
let asked = 0

/** Has the cart priced; the last question wins. */
export async function price(): Promise<void> {
  clearTimeout(timer)
  const mine = ++asked
  if (own.value.length === 0) {
    ownQuote.value = null
    quoted.value = quoteFault.value = ''
    return
  }
  const cart = asCart()
  try {
    const found = await api.post('/v1/quotes', { body: cart })
    if (mine !== asked) return
    ownQuote.value = found
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

watch([own, wanted, withPoints, way, signedIn, language], () => {
  clearTimeout(timer)
  timer = setTimeout(() => void price(), WAIT_MS)
})

watch(store_id, () => {
  if (own.value.length) hold([])
})
