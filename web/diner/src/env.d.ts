/// <reference types="vite/client" />
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}
interface ImportMetaEnv {
  /** Where the house answers; a mini-program needs it, a page asks where it came from. */
  readonly VITE_HOUSE?: string
}
