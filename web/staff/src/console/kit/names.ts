import { computed, ref } from 'vue'
import { ask } from '@/api/client'
import { useSession } from '@/stores/session'
import { may } from '../scope'

const PAGE = 200
const SHOWN = 8
const found = ref<Readonly<Record<string, string>>>({})
const asked = new Set<string>()

/** Names of the staff by id, read once a store, where the person may read them; the end of the id for others. */
export function useNames(storeId: string | null) {
  const me = computed(() => useSession().who)
  const place = storeId ?? ''
  if (may('staff.read', place) && !asked.has(place)) {
    asked.add(place)
    ask('get', '/v1/staff', { query: { store_id: may('staff.read', '') ? null : storeId, limit: PAGE } })
      .then((people) => (found.value = { ...found.value, ...Object.fromEntries(people.map((each) => [each.id, each.name])) }))
      .catch(() => asked.delete(place)) // ids are shown, and the next page asks again
  }
  const name = (id: string): string => (id === me.value?.id ? me.value.name : (found.value[id] ?? id.slice(-SHOWN)))
  return { name }
}
