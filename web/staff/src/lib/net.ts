import { reactive } from 'vue'

const LOOK_MS = 3_000

/** Whether the house answers. It counts as down when a request got no reply, and is looked for until it answers again. */
export const net = reactive({
  down: typeof navigator !== 'undefined' && navigator.onLine === false,
  heard(): void {
    net.down = false
  },
  missed(): void {
    if (!net.down) {
      net.down = true
      look()
    }
  },
})

function look(): void {
  setTimeout(async () => {
    if (!net.down) return
    try {
      const answer = await fetch('/health/live', { cache: 'no-store', signal: AbortSignal.timeout(LOOK_MS) })
      if (answer.ok) return net.heard()
    } catch {
      /* still down */
    }
    look()
  }, LOOK_MS)
}

addEventListener('offline', () => net.missed())
addEventListener('online', () => look())
if (net.down) look()
