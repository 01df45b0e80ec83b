import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: { alias: { '@': here('./src'), '@shared': here('../shared') } },
  test: { include: ['test/*.test.ts'], setupFiles: ['test/phone.ts'] },
})
