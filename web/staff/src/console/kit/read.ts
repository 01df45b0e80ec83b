import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type WatchSource } from 'vue'
import { Refused } from '@/api/client'
import { faultOf, type Fault } from '@/lib/fault'

/**
 * Reads something whenever what it is read by changes: what is shown stays until the next is there, an answer that comes too late is
 * dropped, and `again` reads anew. `missing` tells that there is no such thing, `forbidden` that the person may not see it.
 */
export function useRead<T>(by: WatchSource, read: () => Promise<T>) {
  const value = shallowRef<T | null>(null) as Ref<T | null>
  const fault = ref<Fault | null>(null)
  const missing = ref(false)
  const forbidden = ref(false)
  const busy = ref(false)
  let turn = 0

  async function again(): Promise<void> {
    const mine = ++turn
    busy.value = true
    try {
      const found = await read()
      if (mine !== turn) return
      value.value = found
      fault.value = null
      missing.value = forbidden.value = false
    } catch (error) {
      if (mine !== turn) return
      fault.value = faultOf(error)
      missing.value = error instanceof Refused && error.problem.status === 404
      forbidden.value = error instanceof Refused && error.problem.status === 403
      if (missing.value || forbidden.value) value.value = null
    } finally {
      if (mine === turn) busy.value = false
    }
  }

  watch(by, () => void again(), { immediate: true })
  onBeforeUnmount(() => turn++)
  return { value, fault, missing, forbidden, busy, again }
}
