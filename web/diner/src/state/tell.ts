/** What the app tells and asks: one short message at a time, and one question. */
import { ref } from 'vue'
import { t } from './language'

export interface Told {
  readonly say: string
  readonly undo?: () => void
}
export interface Asked {
  readonly say: string
  readonly yes: string
  readonly answer: (yes: boolean) => void
}

export const told = ref<Told | null>(null)
export const asked = ref<Asked | null>(null)

const STAYS_MS = 3500
const UNDO_MS = 6000
let timer: ReturnType<typeof setTimeout> | undefined

export function tell(say: string, undo?: () => void): void {
  clearTimeout(timer)
  told.value = undo ? { say, undo } : { say }
  timer = setTimeout(() => (told.value = null), undo ? UNDO_MS : STAYS_MS)
}

export function undoTold(): void {
  told.value?.undo?.()
  told.value = null
}

/** Asks before something is done that cannot be undone. */
export function sure(say: string, yes: string = t('do.sure')): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    asked.value = {
      say,
      yes,
      answer: (answer) => {
        asked.value = null
        resolve(answer)
      },
    }
  })
}
