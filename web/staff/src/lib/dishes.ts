import type { Dish, Sku } from '@/api/types'
import type { PickedPart } from '@/stores/cart'

/** What one tap on a dish is: its only size, with the parts of a set that has no choice; null where something has to be chosen. */
export function plainChoice(dish: Dish): { readonly sku: Sku; readonly parts: readonly PickedPart[] } | null {
  const onSale = dish.skus.filter((sku) => !sku.sold_out)
  const [sku] = onSale
  const chosen = onSale.length !== 1 || dish.groups.some((group) => group.min_picks > 0) || dish.slots.some((slot) => slot.choices.length !== 1)
  if (!sku || chosen) return null
  return { sku, parts: dish.slots.flatMap((slot) => slot.choices.map((each) => ({ slot_id: slot.id, sku_id: each.sku_id, name: each.name, extra_fen: each.extra_fen }))) }
}
