import { computed, ref } from 'vue'
import { ask, type Answer } from '@/api/client'
import { language } from '@/lib/words'

type Dish = Answer<'/v1/menu/dishes', 'get'>[number]
const PAGE = 200
const dishes = ref<readonly Dish[]>([])
let asked = false

async function readAll(): Promise<void> {
  const found: Dish[] = []
  for (;;) {
    const page = await ask('get', '/v1/menu/dishes', { query: { limit: PAGE, after: found.at(-1)?.code ?? '' } })
    found.push(...page)
    if (page.length < PAGE) break
  }
  dishes.value = found
}

const called = (each: { name: string; name_en?: string }): string => (language.value === 'en' && each.name_en) || each.name

/** The dishes and SKUs of the brand as choices, read once; ids are shown where they may not be read. */
export function useCatalogue() {
  if (!asked) {
    asked = true
    readAll().catch(() => (asked = false))
  }
  const dishOptions = computed(() => dishes.value.map((each) => ({ value: each.id, say: called(each) })))
  const skuOptions = computed(() => dishes.value.flatMap((dish) => dish.skus.map((sku) => ({ value: sku.id, say: sku.name ? `${called(dish)} · ${called(sku)}` : called(dish) }))))
  const dishName = (id: string): string => dishOptions.value.find((each) => each.value === id)?.say ?? id.slice(-8)
  return { dishOptions, skuOptions, dishName }
}
