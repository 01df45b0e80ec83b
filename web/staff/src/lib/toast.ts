import { ref } from 'vue'
import { faultOf } from './fault'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: 'good' | 'bad' | 'plain'
  readonly act?: { readonly say: string; readonly do: () => void }
}

const SHOWN_MS = 5_000
const SHOWN_MAX = 3
let last = 0
export const toasts = ref<readonly Toast[]>([])

/** Shows a word for a few seconds, with one thing to do about it where there is one. */
export function toast(text: string, kind: Toast['kind'] = 'plain', act?: Toast['act']): void {
  const id = ++last
  toasts.value = [...toasts.value, { id, text, kind, ...(act ? { act } : {}) }].slice(-SHOWN_MAX)
  setTimeout(() => dismiss(id), SHOWN_MS)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id)
}

/** Does something, and shows what went wrong where it did; tells whether it was done. */
export async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    const fault = faultOf(error)
    toast(`${fault.say} ${fault.do}`, 'bad')
    return false
  }
}
