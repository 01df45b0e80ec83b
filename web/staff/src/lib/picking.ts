import { computed, ref, type ComputedRef, type Ref } from 'vue'
import type { Dish, Group, Sku } from '@/api/types'
import { t } from '@/lib/words'
import type { Line, Option, PickedPart } from '@/stores/cart'

export interface Picking {
  readonly skuId: Ref<string>
  readonly sku: ComputedRef<Sku | undefined>
  readonly picked: Ref<Record<string, string[]>>
  readonly parts: Ref<Record<string, string>>
  readonly qty: Ref<number>
  /** Groups of which too little is chosen yet. */
  readonly lacks: ComputedRef<readonly Group[]>
  readonly options: ComputedRef<Option[]>
  readonly chosenParts: ComputedRef<PickedPart[]>
  readonly eachFen: ComputedRef<number>
  pick(group: Group, id: string): void
}

/** Says how many options of a group are to be chosen. */
export function ruleOf(group: Group): string {
  if (group.max_picks === 1 && group.min_picks === 1) return t('pick_one')
  return group.min_picks ? t('pick_some', { min: group.min_picks, max: group.max_picks }) : t('pick_up_to', { n: group.max_picks })
}

/** What somebody chooses of a dish: its size, its options, what fills a set meal; begins with what `line` has, else with what is on sale. */
export function usePicking(dish: Dish, line?: Line | null): Picking {
  const skuId = ref(line?.skuId ?? dish.skus.find((sku) => !sku.sold_out)?.id ?? '')
  const picked = ref<Record<string, string[]>>(
    Object.fromEntries(dish.groups.map((group) => [group.id, group.options.filter((o) => line?.options.some((each) => each.id === o.id)).map((o) => o.id)])),
  )
  const parts = ref<Record<string, string>>(
    Object.fromEntries(
      dish.slots.map((slot) => {
        const had = line?.parts.find((each) => each.slot_id === slot.id)?.sku_id
        return [slot.id, had ?? slot.choices.find((each) => !each.sold_out)?.sku_id ?? '']
      }),
    ),
  )
  const qty = ref(line?.qty ?? 1)
  const sku = computed(() => dish.skus.find((each) => each.id === skuId.value))
  const lacks = computed(() => dish.groups.filter((group) => (picked.value[group.id]?.length ?? 0) < group.min_picks))
  const options = computed<Option[]>(() => dish.groups.flatMap((group) => group.options.filter((o) => picked.value[group.id]?.includes(o.id))))
  const chosenParts = computed<PickedPart[]>(() =>
    dish.slots.flatMap((slot) =>
      slot.choices.filter((each) => each.sku_id === parts.value[slot.id]).map((each) => ({ slot_id: slot.id, sku_id: each.sku_id, name: each.name, extra_fen: each.extra_fen })),
    ),
  )
  const eachFen = computed(
    () => (sku.value?.list_fen ?? 0) + options.value.reduce((sum, o) => sum + o.price_fen, 0) + chosenParts.value.reduce((sum, p) => sum + p.extra_fen, 0),
  )

  function pick(group: Group, id: string): void {
    const now = picked.value[group.id] ?? []
    if (now.includes(id)) picked.value[group.id] = now.filter((each) => each !== id)
    else if (group.max_picks === 1) picked.value[group.id] = [id]
    else if (now.length < group.max_picks) picked.value[group.id] = [...now, id]
  }

  return { skuId, sku, picked, parts, qty, lacks, options, chosenParts, eachFen, pick }
}
