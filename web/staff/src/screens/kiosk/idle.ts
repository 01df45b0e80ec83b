import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/**
 * Watches whether anybody is there: after `quietS` without a touch, a key or a scan it counts `leftS` down from `warnS`, and then calls
 * `over`. A `quietS` of 0 does not watch.
 */
export function useIdle(quietS: () => number, warnS: number, over: () => void): { leftS: Ref<number | null>; here: () => void } {
  const leftS = ref<number | null>(null)
  let last = Date.now()

  function here(): void {
    last = Date.now()
    leftS.value = null
  }

  function look(): void {
    const quiet = quietS()
    if (!quiet) return here()
    const left = Math.ceil(quiet + warnS - (Date.now() - last) / 1000)
    leftS.value = left <= warnS ? Math.max(left, 0) : null
    if (left > 0) return
    here()
    over()
  }

  const EVENTS = ['pointerdown', 'keydown'] as const
  let timer = 0
  onMounted(() => {
    timer = window.setInterval(look, 500)
    EVENTS.forEach((each) => addEventListener(each, here, true))
  })
  onBeforeUnmount(() => {
    clearInterval(timer)
    EVENTS.forEach((each) => removeEventListener(each, here, true))
  })
  return { leftS, here }
}
