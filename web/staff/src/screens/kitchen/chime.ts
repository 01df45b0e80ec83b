let context: AudioContext | null = null

/** Plays two notes. A browser that allows no sound before somebody has touched the screen stays silent. */
export function chime(): void {
  try {
    context ??= new AudioContext()
    const { currentTime: at, destination } = context
    for (const [n, hertz] of [659, 880].entries()) {
      const tone = context.createOscillator()
      const loud = context.createGain()
      tone.frequency.value = hertz
      loud.gain.setValueAtTime(0.25, at + n * 0.18)
      loud.gain.exponentialRampToValueAtTime(0.001, at + n * 0.18 + 0.5)
      tone.connect(loud).connect(destination)
      tone.start(at + n * 0.18)
      tone.stop(at + n * 0.18 + 0.5)
    }
  } catch {
    /* no sound here */
  }
}
