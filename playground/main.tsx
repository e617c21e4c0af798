// The page: its engine, its address, and what it shows.
import './engine.ts'
import 'katex/dist/katex.min.css'
import './style.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { follow } from './place.ts'

follow()
render(<App />, document.body)
