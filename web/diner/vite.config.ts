import { fileURLToPath } from 'node:url'
import uniPlugin from '@dcloudio/vite-plugin-uni'
import { defineConfig, type Plugin } from 'vite'
import { firstScreen } from './first/plugin'

// the package is CommonJS: its function hides under `default` once more
const uni = (uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin

/** Takes the picture of a foreign host out of the framework's own style sheet. */
const noForeignHost: Plugin = {
  name: 'no-foreign-host',
  enforce: 'post',
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle))
      if (file.type === 'asset' && file.fileName.endsWith('.css'))
        file.source = String(file.source).replace(/background-image:url\(https:\/\/cdn\.dcimg\.net[^)]*\);?/g, '')
  },
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [uni(), noForeignHost, ...(process.env.UNI_PLATFORM === 'h5' ? [firstScreen()] : [])],
  resolve: { alias: { '@': here('./src'), '@shared': here('../shared') } },
  build: { target: 'es2019', cssCodeSplit: true, assetsInlineLimit: 0 },
  css: { preprocessorOptions: { scss: { silenceDeprecations: ['legacy-js-api'] } } },
  server: { proxy: { '/v1': 'http://127.0.0.1:8000', '/pictures': 'http://127.0.0.1:8000', '/sandbox': 'http://127.0.0.1:8000' } },
})
