import { onMounted, ref, type Ref } from 'vue'
import { ask } from '@/api/client'
import { useSession } from '@/stores/session'

/** Names of the people of the store by id, as far as this device may know them: its colleagues, and who is signed in. */
export function useNames(): { readonly nameOf: (id: string | null) => string; readonly known: Ref<ReadonlyMap<string, string>> } {
  const session = useSession()
  const known = ref<ReadonlyMap<string, string>>(new Map(session.who ? [[session.who.id, session.who.name]] : []))
  onMounted(async () => {
    if (!session.device) return
    try {
      const people = await ask('get', '/v1/terminals/staff', { as: 'terminal' })
      known.value = new Map([...known.value, ...people.map((each) => [each.id, each.name] as const)])
    } catch {
      /* ids without names are shown by their end */
    }
  })
  return { known, nameOf: (id) => (id ? (known.value.get(id) ?? id.slice(-4).toUpperCase()) : '—') }
}
