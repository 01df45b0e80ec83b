import { computed, onBeforeUnmount, onMounted, reactive, ref, toRaw } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'
import { Refused } from '@/api/client'
import { faultOf, type Fault } from '@/lib/fault'
import { say } from '../words'
import { sure } from './sure'

interface Misfit {
  readonly where: string
  readonly what: string
}

/** What a rule of the house says of a field, in words. */
interface Fielded {
  readonly field: string
  readonly words: string
}

/** A field that two people changed: what somebody else saved, while something else stands here. */
export interface Clash<T> {
  readonly field: keyof T
  readonly theirs: T[keyof T]
}

const MEANWHILE = /(meanwhile|moved|stale)$/
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Returns what the server found wrong in fields, by their path in what was sent. */
function misfitsOf(error: unknown): readonly Misfit[] {
  if (!(error instanceof Refused)) return []
  const facts = error.problem.facts ?? {}
  if (Array.isArray(facts['faults'])) return (facts['faults'] as (Misfit & Fielded)[]).map((each) => ({ where: each.where ?? each.field, what: each.what ?? each.words }))
  if (typeof facts['field'] === 'string') return [{ where: facts['field'], what: error.problem.detail }]
  return typeof facts['where'] === 'string' && typeof facts['what'] === 'string' ? [{ where: facts['where'], what: facts['what'] }] : []
}

/** Asks before what was typed is lost: by another page, by going back, by closing the tab. */
export function useUnsaved(dirty: () => boolean): void {
  const leave = async (): Promise<boolean> => !dirty() || (await sure({ title: say('unsaved'), more: say('unsaved_more'), act: say('leave'), stay: say('stay'), tone: 'danger' }))
  const closing = (event: BeforeUnloadEvent): void => {
    if (dirty()) event.preventDefault()
  }
  onBeforeRouteLeave(leave)
  onBeforeRouteUpdate(leave)
  onMounted(() => addEventListener('beforeunload', closing))
  onBeforeUnmount(() => removeEventListener('beforeunload', closing))
}

/**
 * A form: what is typed stays when the server says no, what is wrong is said at its field or above all of them, and nothing is lost by
 * leaving. `send` throws what the client throws; after it the form is clean.
 */
export function useForm<T extends object>(start: T, send: (values: T) => Promise<void>, { guarded = true } = {}) {
  const values = reactive(structuredClone(start)) as T
  const clean = ref(JSON.stringify(start))
  const busy = ref(false)
  const fault = ref<Fault | null>(null)
  const misfits = ref<readonly Misfit[]>([])
  const dirty = computed(() => JSON.stringify(values) !== clean.value)
  /** Somebody else saved first. */
  const late = computed(() => MEANWHILE.test(fault.value?.code ?? ''))
  if (guarded) useUnsaved(() => dirty.value)

  /** Says what is wrong with a field; '' where nothing is. */
  function wrong(field: string): string {
    return misfits.value.find(({ where }) => where === field || where.startsWith(`${field}.`) || where.startsWith(`${field}[`))?.what ?? ''
  }

  /** Says at its fields what the server found wrong with what was sent elsewhere. */
  function blame(error: unknown): void {
    misfits.value = misfitsOf(error)
    fault.value = faultOf(error)
  }

  async function submit(): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    fault.value = null
    misfits.value = []
    try {
      const sent = JSON.stringify(values)
      await send(structuredClone(toRaw(values)))
      clean.value = sent
      return true
    } catch (error) {
      blame(error)
      return false
    } finally {
      busy.value = false
    }
  }

  /** Puts other values in, as what was saved. */
  function take(fresh: T): void {
    Object.assign(values, structuredClone(toRaw(fresh)))
    clean.value = JSON.stringify(values)
    fault.value = null
    misfits.value = []
  }

  /** Puts in what somebody else saved: what was not changed here becomes theirs, what was stays; tells which fields both changed. */
  function rebase(theirs: T): Clash<T>[] {
    const base = JSON.parse(clean.value) as T
    const mine = toRaw(values)
    const clashes: Clash<T>[] = []
    for (const field of Object.keys(theirs) as (keyof T)[]) {
      const untouched = same(mine[field], base[field])
      if (!untouched && !same(theirs[field], base[field]) && !same(theirs[field], mine[field])) clashes.push({ field, theirs: theirs[field] })
      if (untouched) values[field] = structuredClone(theirs[field])
    }
    clean.value = JSON.stringify(theirs)
    fault.value = null
    misfits.value = []
    return clashes
  }

  function adopt(clash: Clash<T>): void {
    values[clash.field] = structuredClone(toRaw(clash.theirs))
  }

  const discard = (): void => take(JSON.parse(clean.value) as T)
  return reactive({ values, busy, fault, late, dirty, wrong, blame, submit, take, discard, rebase, adopt })
}
