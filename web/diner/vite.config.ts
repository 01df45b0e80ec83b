import { fileURLToPath } from 'node:url'
import uniPlugin from '@dcloudio/vite-plugin-uni'
import { defineConfig, type Plugin } from 'vite'

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

const FIRST = /pages\/home\/index\.vue(?:$|\?)/

/** Lets the page fetch at once what its first screen is made of, in place of finding it out script by script. */
const firstScreenAtOnce: Plugin = {
  name: 'first-screen-at-once',
  apply: 'build',
  enforce: 'post',
  transformIndexHtml(_, { bundle }) {
    const chunks = Object.values(bundle ?? {}).flatMap((file) => (file.type === 'chunk' ? [file] : []))
    const wanted = new Set<string>()
    const take = (name: string): void => {
      const chunk = chunks.find((each) => each.fileName === name)
      if (!chunk || chunk.isEntry || wanted.has(name)) return
      wanted.add(name)
      chunk.imports.forEach(take)
      ;(chunk.viteMetadata?.importedCss ?? []).forEach((sheet) => wanted.add(sheet))
    }
    chunks.filter((chunk) => Object.keys(chunk.modules).some((id) => FIRST.test(id))).forEach((chunk) => take(chunk.fileName))
    return [...wanted].map((name) =>
      name.endsWith('.css')
        ? { tag: 'link', attrs: { rel: 'preload', as: 'style', href: `./${name}` }, injectTo: 'head' as const }
        : { tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `./${name}` }, injectTo: 'head' as const },
    )
  },
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [uni(), noForeignHost, ...(process.env.UNI_PLATFORM === 'h5' ? [firstScreenAtOnce] : [])],
  resolve: { alias: { '@': here('./src'), '@shared': here('../shared') } },
  build: { target: 'es2019', cssCodeSplit: true, assetsInlineLimit: 0 },
  css: { preprocessorOptions: { scss: { silenceDeprecations: ['legacy-js-api'] } } },
  server: { proxy: { '/v1': 'http://127.0.0.1:8000', '/pictures': 'http://127.0.0.1:8000', '/sandbox': 'http://127.0.0.1:8000' } },
})
