import { onBeforeUnmount, onMounted } from 'vue'

const WEDGE_GAP_MS = 35 // a scanner types faster than anybody
const BURST_GAP_MS = 250 // once it is known for one, a till that is busy may hear it late
const BURST = 3 // characters after which it is known
const WEDGE_MIN = 10 // characters

/** Whether a key is meant for a field that somebody types in. */
function inField(event: KeyboardEvent): boolean {
  const at = event.target as HTMLElement | null
  return at !== null && (at.tagName === 'INPUT' || at.tagName === 'TEXTAREA' || at.isContentEditable)
}

/**
 * Listens to keys while a screen is shown. A scanner that types like a keyboard is told from a person by its speed: its text goes to
 * `scanned`, and its digits never count as number keys.
 */
export function useKeys(keys: (key: string, event: KeyboardEvent) => boolean, scanned: (text: string) => void): void {
  let text = ''
  let last = 0
  let timer = 0

  function flush(): void {
    const [key] = text
    if (text.length === 1 && key) keys(key, new KeyboardEvent('keydown', { key }))
    text = ''
  }

  function heard(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const field = inField(event)
    const now = event.timeStamp
    const patience = text.length >= BURST ? BURST_GAP_MS : WEDGE_GAP_MS
    if (event.key.length === 1 && !field) {
      if (now - last > patience) flush()
      last = now
      text += event.key
      clearTimeout(timer)
      timer = window.setTimeout(flush, (text.length >= BURST ? BURST_GAP_MS : WEDGE_GAP_MS) + 5)
      if (/[0-9A-Z]/.test(event.key)) return
      text = ''
    }
    if (event.key === 'Enter' && text.length >= WEDGE_MIN) {
      event.preventDefault()
      clearTimeout(timer)
      const whole = text
      text = ''
      return scanned(whole)
    }
    if (field && !/^(F\d+|Escape)$/.test(event.key)) return
    if (keys(event.key, event)) event.preventDefault()
  }

  onMounted(() => addEventListener('keydown', heard))
  onBeforeUnmount(() => {
    clearTimeout(timer)
    removeEventListener('keydown', heard)
  })
}
