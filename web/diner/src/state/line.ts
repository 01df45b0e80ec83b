/** Whether the house can be reached, as the last answer said. */
import { ref } from 'vue'

export const lost = ref(false)

/** Keeps what the page is made of for a reload without a network, once the page is there: it costs the first screen nothing. */
export function keepPage(): void {
  // #ifdef H5
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  void navigator.serviceWorker.register('./sw.js').catch(() => undefined) // a browser without workers loses such a reload, nothing else
  // #endif
}
