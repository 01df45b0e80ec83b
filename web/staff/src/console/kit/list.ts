import { computed, onBeforeUnmount, reactive, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { Refused } from '@/api/client'
import { faultOf, type Fault } from '@/lib/fault'
import { storeId } from '../scope'

export const PAGE_SIZE = 25

export interface ListPage<R> {
  readonly rows: readonly R[]
  /** What asks for the page after this one; null at the end. */
  readonly next: string | null
  readonly total?: number | null
}

export interface Asked<F> {
  readonly filters: Readonly<F>
  readonly sort: string
  readonly before: string
  readonly limit: number
  /** The store that is looked at, null for all. */
  readonly store: string | null
  readonly signal: AbortSignal
}

export interface ListSetup<R, F> {
  /** The filters by name, with what stands there at the beginning. `q` is what the search box holds. */
  readonly filters: F
  /** How it is sorted at the beginning: a column, with `-` before it the other way round. */
  readonly sort?: string
  load(asked: Asked<F>): Promise<ListPage<R>>
}

export type ListState = 'loading' | 'ready' | 'empty' | 'none-found' | 'fault' | 'forbidden'

/**
 * A list that the server searches, sorts and pages. What is asked for stands in the address, so that it can be sent, kept and gone back to;
 * rows that are shown stay until the next ones are there, and an answer that comes too late is dropped.
 */
export function useList<R, F extends Record<string, string>>(setup: ListSetup<R, F>) {
  const route = useRoute()
  const router = useRouter()
  const mine = route.path
  const rows = shallowRef<readonly R[]>([])
  const next = ref<string | null>(null)
  const total = ref<number | null>(null)
  const fault = ref<Fault | null>(null)
  const forbidden = ref(false)
  const busy = ref(true)
  const loaded = ref(false)
  let running = new AbortController()

  const text = (name: string): string | undefined => (typeof route.query[name] === 'string' ? route.query[name] : undefined)
  const filters = computed(() => Object.fromEntries(Object.entries(setup.filters).map(([name, first]) => [name, text(name) ?? first])) as F)
  const sort = computed(() => text('sort') ?? setup.sort ?? '')
  const before = computed(() => text('before') ?? '')
  const filtered = computed(() => Object.entries(setup.filters).some(([name, first]) => filters.value[name] !== first))
  const state = computed<ListState>(() => {
    if (forbidden.value) return 'forbidden'
    if (fault.value && !rows.value.length) return 'fault'
    if (!loaded.value) return 'loading'
    if (rows.value.length || before.value) return 'ready'
    return filtered.value ? 'none-found' : 'empty'
  })

  async function load(): Promise<void> {
    running.abort()
    const own = new AbortController()
    running = own
    busy.value = true
    try {
      const asked = { filters: filters.value, sort: sort.value, before: before.value, limit: PAGE_SIZE, store: storeId.value || null, signal: own.signal }
      const page = await setup.load(asked)
      if (running !== own) return
      rows.value = page.rows
      next.value = page.next
      total.value = page.total ?? null
      fault.value = null
      forbidden.value = false
      loaded.value = true
    } catch (error) {
      if (running !== own) return
      forbidden.value = error instanceof Refused && error.problem.status === 403
      fault.value = faultOf(error)
    } finally {
      if (running === own) busy.value = false
    }
  }

  function go(change: Record<string, string>, way: 'push' | 'replace' = 'replace'): void {
    const query: LocationQueryRaw = { ...route.query, before: undefined, ...change }
    for (const [name, first] of Object.entries({ ...setup.filters, sort: setup.sort ?? '', before: '' })) if (query[name] === first) query[name] = undefined
    void router[way]({ query })
  }

  function filter(name: keyof F & string, value: string): void {
    go({ [name]: value })
  }

  /** Sorts by a column, or the other way round where it is sorted by it. */
  function sortBy(column: string): void {
    go({ sort: sort.value === `-${column}` ? column : sort.value === column ? `-${column}` : `-${column}` })
  }

  // Pages are chained by what asks for the next one: how the earlier ones were asked for stands in the browser's own history.
  const behind = (): string[] => (Array.isArray(history.state?.behind) ? (history.state.behind as string[]) : [])
  function after(): void {
    if (next.value) void router.push({ query: { ...route.query, before: next.value }, state: { behind: [...behind(), before.value] } })
  }
  function previous(): void {
    const earlier = behind()
    const to = earlier.at(-1) ?? ''
    void router.push({ query: { ...route.query, before: to || undefined }, state: { behind: earlier.slice(0, -1) } })
  }
  function clear(): void {
    go(Object.fromEntries(Object.entries(setup.filters)))
  }

  const asked = computed(() => JSON.stringify([filters.value, sort.value, before.value, storeId.value]))
  watch(asked, () => {
    if (route.path === mine) void load()
  }, { immediate: true })
  watch(storeId, () => {
    if (before.value) go({})
  })
  onBeforeUnmount(() => running.abort())

  return reactive({ rows, next, total, fault, busy, state, filters, sort, before, filtered, reload: load, filter, sortBy, after, previous, clear })
}

export type List = Pick<ReturnType<typeof useList>, 'next' | 'total' | 'fault' | 'busy' | 'state' | 'sort' | 'before' | 'filtered' | 'reload' | 'sortBy' | 'after' | 'previous' | 'clear'> & {
  readonly rows: readonly unknown[]
  readonly filters: Readonly<Record<string, string>>
  filter(name: string, value: string): void
}
