import { ref, watch } from 'vue'
import { keep, kept } from './kept'

export type Theme = 'light' | 'dark'
const asked = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
export const theme = ref<Theme>(kept<Theme | null>('theme', null) ?? asked)

watch(
  theme,
  (now) => {
    document.documentElement.dataset['theme'] = now
    keep('theme', now)
  },
  { immediate: true },
)
