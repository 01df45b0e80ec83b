import { computed } from 'vue'
import { ask } from '@/api/client'
import { useRead } from '../kit/read'
import { called, worth } from './coupons'

const PAGE = 200

/** The newest templates as choices, those that may still be issued, and what any of them is called. */
export function useTemplates() {
  const { value } = useRead(() => null, () => ask('get', '/v1/coupon-templates', { query: { limit: PAGE } }))
  const templates = computed(() => value.value?.templates ?? [])
  const templateOptions = computed(() => templates.value.filter((each) => each.open).map((each) => ({ value: each.id, say: `${called(each)} · ${worth(each)}` })))
  const templateName = (id: string): string => {
    const found = templates.value.find((each) => each.id === id)
    return found ? called(found) : id.slice(-8)
  }
  return { templateOptions, templateName }
}
