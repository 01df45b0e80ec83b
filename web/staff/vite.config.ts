import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const BASE = '/staff/'
const HOUSE = process.env['HOUSE'] ?? 'http://127.0.0.1:8000'

/** Writes the worker that keeps the screens for a reload without a network, with the list of what belongs to this build. */
function worker(): Plugin {
  return {
    name: 'goodtaste-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name)).sort()
      const paths = [BASE, `${BASE}icon.svg`, ...files.map((name) => BASE + name)]
      const version = createHash('sha256').update(paths.join()).digest('hex').slice(0, 12)
      const source = readFileSync(here('sw/worker.js'), 'utf8')
        .replace("'FILES'", JSON.stringify(paths))
        .replace('VERSION_OF_BUILD', version)
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

export default defineConfig({
  base: BASE,
  plugins: [vue({ template: { transformAssetUrls: false } }), worker()],
  resolve: { alias: { '@': here('src'), '@shared': here('../shared') } },
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/v1': HOUSE, '/pictures': HOUSE, '/health': HOUSE, '/sandbox': HOUSE }, fs: { allow: [here('..')] } },
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0])
