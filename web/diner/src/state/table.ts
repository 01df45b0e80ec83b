/** The table where this phone sits: who is there, the cart they share, and their bills. */
import { computed, shallowRef } from 'vue'
import { api } from '@/api'
import { Problem } from '@/api/client'
import type { LineState, Seating, SharedLine } from '@/api/shapes'
import { dishesOf, keyOf, QTY_MAX, type Line, type Pick } from '@/lib/basket'
import { intend, settle } from '@/lib/intents'
import { live } from '@/lib/live'
import { uuid7 } from '@/lib/uuid7'
import { t } from './language'
import { chooseStore, leaveSeat, menu, seat, takeSeat } from './place'
import { me } from './session'
import { tell } from './tell'

const SIT = 'sit'
const SEND = 'round'
const OVER = new Set(['floor.seating_over', 'floor.not_at_table'])
const TRIES = 3

export const seating = shallowRef<Seating | null>(null)
export const mine = (guest_id: string): boolean => guest_id === seat.value?.guest_id
export const guests = computed(() => new Map((seating.value?.guests ?? []).map((guest) => [guest.id, guest] as const)))

/** Sits down at a table by its code.  The same phone at the same table is the same guest, however often it scans. */
export async function sit(code: string, slot: number | null): Promise<void> {
  const joined = await api.post('/v1/tables/{code}/scan', {
    path: { code },
    body: { id: intend(SIT, { code }), name: me.value?.nickname ?? '', slot },
  })
  chooseStore(joined.store_id)
  takeSeat({ ...joined, label: joined.table, code })
  await follow()
}

/** Loads the table as it is; a phone whose party has left stands up. */
export async function follow(): Promise<void> {
  if (!seat.value) return
  try {
    const seen = await api.get('/v1/seating')
    if (JSON.stringify(seen) !== JSON.stringify(seating.value)) seating.value = seen
  } catch (error) {
    if (!(error instanceof Problem) || !(OVER.has(error.code))) throw error
    stand()
    tell(t('table.over'))
  }
}

/** Keeps the table as it is before the eyes of the page that calls, until what is returned is called. */
export const watchTable = (look: () => Promise<unknown> = follow): (() => void) => (seat.value ? live('/v1/seating/live', look) : () => undefined)

/** Leaves the table on this phone; what is ordered stays on its bill. */
export function stand(): void {
  settle(SIT)
  settle(SEND)
  leaveSeat()
  seating.value = null
}

/** The cart of the table as lines like those of a phone's own cart. */
export const shared = computed<Line[]>(() => {
  const bySku = new Map(menu.value ? [...dishesOf(menu.value).values()].flatMap((dish) => dish.skus.map((sku) => [sku.id, dish.id] as const)) : [])
  return (seating.value?.cart ?? []).map((line) => ({ ...asPick(line.choice), key: line.id, dish_id: bySku.get(line.choice.sku_id) ?? '', qty: line.choice.qty }))
})

function asPick(choice: SharedLine['choice']): Pick {
  return { sku_id: choice.sku_id, options: (choice.options ?? []) as string[], parts: (choice.parts ?? []) as Pick['parts'], note: choice.note ?? '' }
}

/** Changes how many of a pick are in the cart: on the line named, else on this phone's own, else on a new one. */
export async function putShared(pick: Pick & { readonly key?: string }, by: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const cart = seating.value?.cart ?? []
    const same = cart.filter((line) => line.id === pick.key || keyOf(asPick(line.choice)) === keyOf(pick))
    const line = same.find((each) => each.id === pick.key) ?? same.find((each) => mine(each.guest_id)) ?? (by < 0 ? same[0] : undefined)
    if (!line && by < 0) return
    const qty = Math.min(QTY_MAX, Math.max(0, (line?.choice.qty ?? 0) + by))
    const choice = qty === 0 ? null : { sku_id: pick.sku_id, qty, options: [...pick.options], parts: pick.parts.map((part) => ({ ...part })), note: pick.note }
    try {
      await putLine(line?.id ?? uuid7(), (line?.version ?? 0) + 1, choice)
      return
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'floor.line_changed' || tries >= TRIES) throw error
      await follow() // somebody else changed it at the same moment: on top of theirs
    }
  }
}

async function putLine(line_id: string, version: number, choice: SharedLine['choice'] | null): Promise<void> {
  show(await api.put('/v1/seating/cart/{line_id}', { path: { line_id }, body: { version, choice } }))
  await follow()
}

/** Shows a line as it stands before the whole table is loaded anew. */
function show(state: LineState): void {
  const seen = seating.value
  if (!seen) return
  const cart = seen.cart.flatMap((line) => (line.id !== state.id ? [line] : state.state === 'open' && state.choice ? [{ ...line, version: state.version, choice: state.choice }] : []))
  seating.value = { ...seen, cart }
}

/** Takes this phone's own lines out of the cart. */
export async function clearOwn(): Promise<void> {
  for (const line of (seating.value?.cart ?? []).filter((each) => mine(each.guest_id))) await putLine(line.id, line.version + 1, null)
}

/** Orders what is in the cart as it is seen, once. */
export async function send(note: string): Promise<string> {
  const seen = seating.value
  if (!seen?.quote) throw new Problem(0, 'broken', '', t('cart.empty'))
  const lines = seen.cart.filter((line) => line.fault === null).map(({ id, version }) => ({ id, version }))
  const body = { lines, seen_due_fen: seen.quote.priced.due_fen, note }
  try {
    const sent = await api.post('/v1/seating/rounds', { body: { id: intend(SEND, body), ...body } })
    settle(SEND)
    return sent.order_id
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) settle(SEND)
    throw error
  } finally {
    await follow().catch(() => undefined) // the next look at the table shows it
  }
}
