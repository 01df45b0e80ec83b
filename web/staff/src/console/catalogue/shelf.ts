import { ask, type Answer } from '@/api/client'
import { find, readReadings, type Findable } from '@/lib/find'
import { short } from '@/lib/money'
import { language } from '@/lib/words'
import type { Asked, ListPage } from '../kit/list'
import { cat } from './words'

export type ShelfDish = Answer<'/v1/menu/shelf', 'get'>[number]
export type Dish = Answer<'/v1/menu/dishes/{dish_id}', 'get'>
export type Category = Answer<'/v1/menu/categories', 'get'>[number]
export type Stock = Answer<'/v1/stores/{store_id}/stock', 'get'>[number]
export type PriceRow = Answer<'/v1/menu/prices', 'get'>[number]
export type DishState = 'on' | 'off' | 'unpriced' | 'sold_out'

export const CHANNELS = ['mini_program', 'web', 'table_qr', 'counter', 'kiosk', 'delivery_platform'] as const

/** A dish of the list: what it is, what it costs, and what the store that is looked at has of it. */
export interface Row extends Findable {
  readonly dish: ShelfDish
  readonly state: DishState
  readonly list_fen: number | null
  readonly member_fen: number | null
  readonly next_at: string | null
  /** Portions left at the store; null where they are not counted, undefined where no store is looked at. */
  readonly left: number | null | undefined
}

export type Filters = { q: string; category: string; state: string }
export const FIRST_SORT = 'rank'

const isOut = (stock: Stock | undefined): boolean => !!stock && (stock.sold_out || stock.portions_left === 0)
const least = (values: readonly (number | null)[]): number | null => values.reduce((low, each) => (each === null ? low : low === null ? each : Math.min(low, each)), null)

function rowOf(dish: ShelfDish, stock: ReadonlyMap<string, Stock> | null): Row {
  const skus = dish.skus.filter((each) => each.on_sale)
  const counts = skus.map((each) => stock?.get(each.id)?.portions_left ?? null)
  const priced = skus.some((each) => each.list_fen !== null)
  const out = !!stock && skus.length > 0 && skus.every((each) => isOut(stock.get(each.id)))
  return {
    dish,
    name: dish.name,
    tags: [...dish.tags, dish.code, dish.name_en, ...dish.skus.map((each) => each.code)],
    state: !dish.on_sale || !skus.length ? 'off' : !priced ? 'unpriced' : out ? 'sold_out' : 'on',
    list_fen: least(skus.map((each) => each.list_fen)),
    member_fen: least(skus.map((each) => each.member_fen)),
    next_at: skus.map((each) => each.next_at).reduce((soon, each) => (each && (!soon || each < soon) ? each : soon), null),
    left: stock ? (counts.includes(null) ? null : counts.reduce<number>((sum, each) => sum + (each ?? 0), 0)) : undefined,
  }
}

const ORDER: Readonly<Record<string, (a: Row, b: Row) => number>> = {
  rank: (a, b) => a.dish.rank - b.dish.rank || (a.dish.code < b.dish.code ? -1 : 1),
  name: (a, b) => a.name.localeCompare(b.name, language.value),
  price: (a, b) => (a.list_fen ?? Infinity) - (b.list_fen ?? Infinity),
  left: (a, b) => (a.left ?? Infinity) - (b.left ?? Infinity),
}

/**
 * Reads the catalogue in brief, and searches, sorts and pages it here: its readings in pinyin stand in the browser. The same question asked
 * again reads it anew.
 */
export function useShelf() {
  let held: { readonly store: string | null; readonly rows: readonly Row[] } | null = null
  let last = ''

  async function rows(store: string | null, signal: AbortSignal): Promise<readonly Row[]> {
    const [dishes, stock] = await Promise.all([
      ask('get', '/v1/menu/shelf', { query: { store_id: store }, signal }),
      store ? ask('get', '/v1/stores/{store_id}/stock', { at: { store_id: store }, signal }) : null,
      readReadings(),
    ])
    const by = stock && new Map(stock.map((each) => [each.sku_id, each]))
    return dishes.map((each) => rowOf(each, by))
  }

  async function load({ filters, sort, before, limit, store, signal }: Asked<Filters>): Promise<ListPage<Row>> {
    const question = JSON.stringify([filters, sort, before])
    if (held?.store !== store || question === last) held = { store, rows: await rows(store, signal) }
    last = question
    const fits = held!.rows.filter((each) => (!filters.category || each.dish.category_id === filters.category) && (!filters.state || each.state === filters.state))
    const found = [...find(fits, filters.q)]
    const order = ORDER[sort.replace('-', '')]
    if (order && !(filters.q && sort === FIRST_SORT)) found.sort((a, b) => (sort.startsWith('-') ? order(b, a) : order(a, b)))
    const start = Number(before) || 0
    return { rows: found.slice(start, start + limit), next: start + limit < found.length ? String(start + limit) : null, total: found.length }
  }

  return { load }
}

/** The picture of a dish as a page shows it: our own by its name, another by its address. */
export const pictureOf = (name: string): string => (name.startsWith('https://') ? name : `/${name}`)

/** What a dish costs, in short: the least of its sizes. */
export function priceOf(row: Row): string {
  if (row.list_fen === null) return '—'
  const yuan = `¥${short(row.list_fen)}`
  return row.dish.skus.filter((each) => each.on_sale).length > 1 ? cat('price_from', { yuan }) : yuan
}

export const skuName = (dish: { readonly name: string }, sku: { readonly name: string }): string => (sku.name ? `${dish.name}（${sku.name}）` : dish.name)
