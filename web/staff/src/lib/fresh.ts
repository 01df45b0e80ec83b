import { ref } from 'vue'

/** Whether a newer build of the screens waits; it is loaded when nobody is in the middle of something. */
export const fresh = ref(false)
const LOOK_MS = 10 * 60_000

export function watchForFresh(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  const had = navigator.serviceWorker.controller !== null
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (had) fresh.value = true
  })
  navigator.serviceWorker
    .register('/staff/sw.js', { scope: '/staff/' })
    .then((found) => setInterval(() => void found.update().catch(() => undefined), LOOK_MS))
    .catch(() => undefined) // a browser without workers loses the reload without a network, nothing else
}
