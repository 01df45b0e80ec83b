import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import './lib/theme'
import './styles/base.css'
import { watchForFresh } from './lib/fresh'

createApp(App).use(createPinia()).use(router).mount('#app')
watchForFresh()
