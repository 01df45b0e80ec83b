import { computed, ref } from 'vue'
import { ask, type Answer } from '@/api/client'
import { language } from '@/lib/words'

type Level = Answer<'/v1/level-plan', 'get'>['levels'][number]
const levels = ref<readonly Level[]>([])

/** The levels of the brand, read once, with their names in the language of the screen. */
export function useLevels() {
  if (!levels.value.length) {
    ask('get', '/v1/level-plan')
      .then((plan) => (levels.value = plan.levels))
      .catch(() => undefined) // their codes are shown
  }
  const nameOf = (code: string): string => {
    const found = levels.value.find((each) => each.code === code)
    return found ? (language.value === 'en' && found.name_en) || found.name : code
  }
  return { levels: computed(() => levels.value), nameOf }
}
