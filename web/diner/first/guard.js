// Before the first screen is painted: is it the one that was asked for?  The app starts when it has been, and where it does not come, that is said.
;(function () {
  var page = document.documentElement
  var app = document.currentScript.dataset.app
  var to = location.hash.replace(/^#\/?/, '').split('?')[0]
  var elsewhere = to && to !== 'pages/home/index'
  if (elsewhere) page.classList.add('elsewhere')
  try {
    if (localStorage.getItem('gt.tokens')) page.classList.add('known')
  } catch (_) {
    // no storage: nobody is signed in
  }
  function late() {
    page.classList.add('late')
  }
  function start() {
    if (!app) return
    var script = document.createElement('script')
    script.type = 'module'
    script.crossOrigin = ''
    script.onerror = late
    script.src = app
    app = ''
    document.head.append(script)
  }
  addEventListener('DOMContentLoaded', function () {
    if (elsewhere || document.hidden) return start()
    requestAnimationFrame(function () {
      setTimeout(start) // the frame is painted between the two
    })
    setTimeout(start, 3000) // a page that nobody looks at has no frames
  })
  setTimeout(late, 15000)
})()
