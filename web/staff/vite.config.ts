import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin, type Rolldown } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const BASE = '/staff/'
const HOUSE = process.env['HOUSE'] ?? 'http://127.0.0.1:8000'

type Bundle = Rolldown.OutputBundle
type Chunk = Rolldown.OutputChunk & { viteMetadata?: { importedCss: Set<string> } }

/** Lists the files of the store's screens: all that the entry leads to, but for the console, which is of no use without a network. */
function kept(bundle: Bundle): string[] {
  const chunk = (name: string): Chunk | undefined => (bundle[name]?.type === 'chunk' ? (bundle[name] as Chunk) : undefined)
  const found = new Set(Object.keys(bundle).filter((name) => chunk(name)?.isEntry))
  for (const name of found) {
    const each = chunk(name)
    for (const next of [...(each?.imports ?? []), ...(each?.dynamicImports ?? [])]) {
      if (!chunk(next)?.moduleIds.includes(here('src/console/routes.ts'))) found.add(next)
    }
    each?.viteMetadata?.importedCss.forEach((css) => found.add(css))
  }
  return [...found].sort()
}

/** Writes the worker that keeps the screens for a reload without a network, with the list of what belongs to this build. */
function worker(): Plugin {
  return {
    name: 'goodtaste-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = kept(bundle).filter((name) => /\.(js|css)$/.test(name))
      const paths = [BASE, `${BASE}icon.svg`, ...files.map((name) => BASE + name)]
      const version = createHash('sha256').update(paths.join()).digest('hex').slice(0, 12)
      const source = readFileSync(here('../shared/worker/worker.js'), 'utf8')
        .replace("'FILES'", JSON.stringify(paths))
        .replace('VERSION_OF_BUILD', version)
        .replace('BASE_OF_SCREEN', BASE)
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

export default defineConfig({
  base: BASE,
  plugins: [vue({ template: { transformAssetUrls: false } }), worker()],
  resolve: { alias: { '@': here('src'), '@shared': here('../shared') } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'console-charts', test: /node_modules\/(echarts|zrender)\// },
            { name: 'console-kit', test: /node_modules\/(@element-plus|element-plus|@vueuse|lodash-es|dayjs|async-validator|@floating-ui|@popperjs|@sxzz|memoize-one|@ctrl)\// },
          ],
        },
      },
    },
  },
  server: { proxy: { '/v1': HOUSE, '/pictures': HOUSE, '/health': HOUSE, '/sandbox': HOUSE }, fs: { allow: [here('..')] } },
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0])
