"""What a browser is sent that never changes: scripts, styles, and pieces of HTML."""

from __future__ import annotations

from importlib.resources import files


def read(name: str) -> str:
    """The text of a file beside this one."""
    return (files("faceinsight.serving") / name).read_text(encoding="utf-8")


CHOOSE = """
element.addEventListener('click', (event) => {
  const box = event.target.closest('[data-face]');
  if (!box) return;
  for (const one of element.querySelectorAll('[data-face]'))
    one.setAttribute('aria-pressed', String(one === box));
  trigger('choose', { face: Number(box.dataset.face) });
});
"""
"""Script of the picture: a box chooses the face that is spoken of."""

ICON = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="8" fill="#005c93"/>
<path fill="none" stroke="white" stroke-width="2.4"
 d="M7 12V7h5M20 7h5v5M25 20v5h-5M12 25H7v-5M12 13v2M20 13v2M11 19q5 4 10 0"/></svg>
"""
"""Of the tab, SVG."""

EXPLAIN = """
element.addEventListener('click', (event) => {
  const label = event.target.closest('[data-explain]');
  if (label) trigger('explain', { id: label.dataset.explain });
});
"""
"""Script of words and bars: a label is explained."""

SHOW_WHY = """
watch('value', () => {
  if (!props.value) return;
  element.scrollIntoView({ block: 'nearest' });
  document.querySelector('.fi-live').textContent = element.querySelector('h2, p').textContent;
});
"""
"""Script of the explanation: it comes into sight, and is read out."""

INTRO = """
<div class="fi-intro"><h2>What you will see</h2>
<ol><li>Every face with a box around it; choose one of several.</li>
<li>What is present in it, in words that never contradict one another.</li>
<li>A probability for each characteristic, the age, and what the model cannot tell.</li>
<li>An answer to your own question, and which regions of a face a label hangs on.</li></ol></div>
"""
"""What stands in place of words before there are any."""

INTAKE = """
<div data-most="MOST">
<div class="fi-drop">
<div class="fi-buttons">
<label class="fi-action fi-first fi-file">Choose a photograph
<input class="fi-hidden" type="file" accept="image/*,.heic,.heif,.avif"></label>
<button type="button" class="fi-action" data-camera="open">Use the camera</button>
</div>
<p>or drop one anywhere on the page, or paste it. It is not stored.</p>
</div>
<div class="fi-examples"><h2>Or look at somebody drawn</h2><ul>EXAMPLES</ul></div>
<p class="fi-live" role="status" tabindex="-1"></p>
<div class="fi-buttons fi-offers"></div>
<dialog aria-label="Camera"><video autoplay playsinline muted></video>
<div class="fi-buttons">
<button type="button" class="fi-action fi-first" data-camera="shoot">Take the picture</button>
<button type="button" class="fi-action" data-camera="close">Close</button>
</div></dialog>
</div>
"""
"""What takes photographs; `page.js` brings it to life."""
