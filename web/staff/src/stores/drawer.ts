import { defineStore } from 'pinia'
import { ref } from 'vue'
import { ask, type Answer } from '@/api/client'
import { faultOf, type Fault } from '@/lib/fault'
import { useSession } from './session'

export type Shift = Answer<'/v1/shifts/{shift_id}', 'get'>

/** The shift that is open on the drawer of this device; undefined until it is known, null where there is none. */
export const useDrawer = defineStore('drawer', () => {
  const session = useSession()
  const shift = ref<Shift | null | undefined>(undefined)
  const fault = ref<Fault | null>(null)

  async function load(): Promise<void> {
    if (!session.storeId || !session.can('shift.run')) return
    try {
      shift.value = (await ask('get', '/v1/stores/{store_id}/drawer', { at: { store_id: session.storeId } })) ?? null
      fault.value = null
    } catch (error) {
      if (shift.value === undefined) fault.value = faultOf(error)
    }
  }

  return { shift, fault, load }
})
