/* The buttons, the slider and the keys of a page with steps from 0 to `last`. `show` paints a step, `counted` and `described` say which it is, to be
   read and to be heard, and `duration` is how long it stays while the page plays, in milliseconds. */
function controls({last, show, counted, described, duration, changed = () => {}}) {
  const [slider, play, previous, next, count] = ["slider", "play", "previous", "next", "count"].map(id => document.getElementById(id));
  let now = 0;
  let timer = null;

  function go(step) {
    now = Math.max(0, Math.min(last, step));
    slider.value = now;
    slider.setAttribute("aria-valuetext", described(now));
    count.textContent = counted(now);
    previous.disabled = now === 0;
    next.disabled = now === last;
    show(now);
    if (timer !== null) wait();
  }

  function tell() {
    play.classList.toggle("playing", timer !== null);
    play.setAttribute("aria-label", timer !== null ? "Pause" : "Play");
    changed(timer !== null);
  }

  function wait() {
    clearTimeout(timer);
    timer = now < last ? setTimeout(() => go(now + 1), duration(now)) : null;
    tell();
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    tell();
  }

  function toggle() {
    if (timer !== null) return pause();
    if (now === last) go(0);
    wait();
  }

  function step(to) {
    pause();
    go(to);
  }

  previous.addEventListener("click", () => step(now - 1));
  next.addEventListener("click", () => step(now + 1));
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => step(Number(slider.value)));
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const actions = {
      ArrowLeft: () => step(now - 1), ArrowRight: () => step(now + 1), Home: () => step(0), End: () => step(last), " ": toggle,
    };
    if (!(event.key in actions) || (event.key === " " && event.target.closest("button"))) return; // space presses a button
    event.preventDefault();
    actions[event.key]();
  });
  slider.max = last;
  go(0);
  return {step, now: () => now};
}
