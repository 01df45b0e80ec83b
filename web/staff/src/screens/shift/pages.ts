import { onMounted, ref, type Ref } from 'vue'
import { faultOf, type Fault } from '@/lib/fault'

/** Rows that come by the page, newest first: the next page is asked for with what the page before gave. */
export interface Pages<T, N> {
  readonly rows: Ref<readonly T[] | null>
  readonly next: Ref<N | null>
  readonly busy: Ref<boolean>
  readonly fault: Ref<Fault | null>
  more(): Promise<void>
}

export function usePages<T, N>(read: (after: N | null) => Promise<{ readonly rows: readonly T[]; readonly next: N | null }>): Pages<T, N> {
  const rows = ref<readonly T[] | null>(null) as Ref<readonly T[] | null>
  const next = ref<N | null>(null) as Ref<N | null>
  const busy = ref(false)
  const fault = ref<Fault | null>(null)

  async function more(): Promise<void> {
    busy.value = true
    fault.value = null
    try {
      const page = await read(next.value)
      rows.value = [...(rows.value ?? []), ...page.rows]
      next.value = page.next
    } catch (error) {
      fault.value = faultOf(error)
    } finally {
      busy.value = false
    }
  }

  onMounted(more)
  return { rows, next, busy, fault, more }
}
