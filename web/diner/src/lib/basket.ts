/** The cart as values: what is in it, and what changes it.  Prices here are what the menu shows; what is paid is the server's quote. */
import type { Choice, Dish, Menu, Sku } from '@/api/shapes'

export const QTY_MAX = 99
export const LINES_MAX = 50

/** What was picked of a dish. */
export interface Pick {
  readonly sku_id: string
  readonly options: readonly string[]
  readonly parts: readonly { readonly slot_id: string; readonly sku_id: string }[]
  readonly note: string
}

export interface Line extends Pick {
  readonly key: string
  readonly dish_id: string
  readonly qty: number
}

/** A line as it is read against a menu; `dish` is missing where the menu has it no more. */
export interface Shown extends Line {
  readonly name: string
  readonly detail: string
  readonly unit_fen: number
  readonly picture: readonly string[]
  readonly gone: boolean
}

export function keyOf(pick: Pick): string {
  const parts = pick.parts.map((part) => `${part.slot_id}=${part.sku_id}`).sort()
  return [pick.sku_id, [...pick.options].sort().join('+'), parts.join('+'), pick.note].join('|')
}

/** Returns the lines with `by` more of a pick; a line at nothing is gone. */
export function changed(lines: readonly Line[], dish_id: string, pick: Pick, by: number): Line[] {
  const key = keyOf(pick)
  const there = lines.find((line) => line.key === key)
  const qty = Math.min(QTY_MAX, Math.max(0, (there?.qty ?? 0) + by))
  if (!there) return qty > 0 && lines.length < LINES_MAX ? [...lines, { ...pick, key, dish_id, qty }] : [...lines]
  return qty === 0 ? lines.filter((line) => line !== there) : lines.map((line) => (line === there ? { ...line, qty } : line))
}

export const pieces = (lines: readonly Line[]): number => lines.reduce((n, line) => n + line.qty, 0)

export const pieceOf = (lines: readonly Line[], dish_id: string): number =>
  pieces(lines.filter((line) => line.dish_id === dish_id))

export function choices(lines: readonly Line[]): Choice[] {
  return lines.map((line) => ({
    sku_id: line.sku_id,
    qty: line.qty,
    ...(line.options.length ? { options: [...line.options] } : {}),
    ...(line.parts.length ? { parts: line.parts.map((part) => ({ ...part })) } : {}),
    ...(line.note ? { note: line.note } : {}),
  }))
}

export function dishesOf(menu: Menu): Map<string, Dish> {
  return new Map(menu.categories.flatMap((category) => category.dishes.map((dish) => [dish.id, dish] as const)))
}

/** Returns what a pick costs one by the menu, for guests or for members. */
export function unitFen(dish: Dish, pick: Pick, member: boolean): number {
  const sku = dish.skus.find((each) => each.id === pick.sku_id)
  if (!sku) return 0
  const options = dish.groups.flatMap((group) => group.options).filter((option) => pick.options.includes(option.id))
  const extras = dish.slots.flatMap((slot) =>
    slot.choices.filter((choice) => pick.parts.some((part) => part.slot_id === slot.id && part.sku_id === choice.sku_id)),
  )
  const own = member && sku.member_fen !== null ? sku.member_fen : sku.list_fen
  return own + options.reduce((fen, each) => fen + each.price_fen, 0) + extras.reduce((fen, each) => fen + each.extra_fen, 0)
}

export function shown(lines: readonly Line[], menu: Menu | null, member: boolean): Shown[] {
  const dishes = menu ? dishesOf(menu) : new Map<string, Dish>()
  return lines.map((line) => {
    const dish = dishes.get(line.dish_id)
    const sku = dish?.skus.find((each) => each.id === line.sku_id)
    if (!dish || !sku) return { ...line, name: '…', detail: '', unit_fen: 0, picture: [], gone: menu !== null }
    const unit_fen = unitFen(dish, line, member)
    return { ...line, name: dish.name, detail: detail(dish, sku, line), unit_fen, picture: dish.pictures, gone: lacks(dish, sku, line) }
  })
}

function lacks(dish: Dish, sku: Sku, pick: Pick): boolean {
  const part = (slot_id: string, sku_id: string) =>
    dish.slots.find((slot) => slot.id === slot_id)?.choices.find((choice) => choice.sku_id === sku_id)
  return dish.sold_out || sku.sold_out || pick.parts.some((each) => part(each.slot_id, each.sku_id)?.sold_out !== false)
}

function detail(dish: Dish, sku: Sku, pick: Pick): string {
  const options = dish.groups.flatMap((group) => group.options.filter((option) => pick.options.includes(option.id)))
  const parts = dish.slots
    .filter((slot) => slot.choices.length > 1)
    .flatMap((slot) => slot.choices.filter((c) => pick.parts.some((p) => p.slot_id === slot.id && p.sku_id === c.sku_id)))
  return [sku.name, ...options.map((each) => each.name), ...parts.map((each) => each.name), pick.note].filter(Boolean).join(' · ')
}

/** Returns the pick of a dish that needs no choosing, null where the diner must choose. */
export function plainPick(dish: Dish): Pick | null {
  const sku = dish.skus[0]
  if (!sku || dish.skus.length > 1 || dish.groups.length > 0 || dish.slots.some((slot) => slot.choices.length > 1)) return null
  return { sku_id: sku.id, options: [], parts: fixedParts(dish), note: '' }
}

/** Returns what a sheet begins with: the first size that can be had, and of each slot the first choice that can. */
export function firstPick(dish: Dish): Pick {
  const sku = dish.skus.find((each) => !each.sold_out) ?? dish.skus[0]
  const parts = dish.slots.map((slot) => {
    const choice = slot.choices.find((each) => !each.sold_out) ?? slot.choices[0]
    return { slot_id: slot.id, sku_id: choice?.sku_id ?? '' }
  })
  return { sku_id: sku?.id ?? '', options: [], parts, note: '' }
}

const fixedParts = (dish: Dish) =>
  dish.slots.flatMap((slot) => (slot.choices[0] ? [{ slot_id: slot.id, sku_id: slot.choices[0].sku_id }] : []))

/** Returns the options with one of a group taken or left; where only one may be taken, it replaces the other. */
export function toggled(dish: Dish, options: readonly string[], group_id: string, option_id: string): string[] {
  const group = dish.groups.find((each) => each.id === group_id)
  if (!group) return [...options]
  if (options.includes(option_id)) return options.filter((each) => each !== option_id)
  const own = options.filter((each) => group.options.some((option) => option.id === each))
  if (group.max_picks === 1) return [...options.filter((each) => !own.includes(each)), option_id]
  return own.length < group.max_picks ? [...options, option_id] : [...options]
}

/** Returns the names of groups of which too few options are taken. */
export function missing(dish: Dish, pick: Pick): string[] {
  const taken = (ids: readonly string[]) => pick.options.filter((id) => ids.includes(id)).length
  return dish.groups.filter((g) => taken(g.options.map((o) => o.id)) < g.min_picks).map((g) => g.name)
}

/** Returns what of an old order can be ordered again from a menu, and the names of what cannot. */
export function again(lines: readonly { readonly name: string; readonly choice: Choice }[], menu: Menu): { lines: Line[]; lacking: string[] } {
  const dishes = [...dishesOf(menu).values()]
  let found: Line[] = []
  const lacking: string[] = []
  for (const { name, choice } of lines) {
    const dish = dishes.find((each) => each.skus.some((sku) => sku.id === choice.sku_id))
    const pick: Pick = {
      sku_id: choice.sku_id,
      options: (choice.options ?? []) as string[],
      parts: (choice.parts ?? []) as Pick['parts'],
      note: choice.note ?? '',
    }
    const sku = dish?.skus.find((each) => each.id === choice.sku_id)
    if (!dish || !sku || lacks(dish, sku, pick) || missing(dish, pick).length > 0) lacking.push(name)
    else found = changed(found, dish.id, pick, choice.qty)
  }
  return { lines: found, lacking }
}
