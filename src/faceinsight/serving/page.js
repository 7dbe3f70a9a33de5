// Runs once, when the part of the page that takes photographs is there: `element` is that part,
// `trigger` calls what listens to it on the server. A photograph goes into the event itself, so that
// no file of it is written anywhere.
const most = Number(element.querySelector('[data-most]').dataset.most);
const file = element.querySelector('input[type=file]');
const camera = element.querySelector('dialog');
const video = camera.querySelector('video');
const live = element.querySelector('[role=status]');
const offers = element.querySelector('.fi-offers');

function tell(text, isError, ways = []) {
  live.textContent = text;
  live.classList.toggle('fi-error', Boolean(isError));
  offers.replaceChildren(...ways.map(offer));
}

// The server still has the photograph, and is told how to look at it once more.
function offer(way) {
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'fi-action fi-first', textContent: way.text });
  button.addEventListener('click', () => {
    tell('Looking for faces …');
    live.focus(); // the button is gone
    trigger('again', { model: way.model, whole: way.whole });
  });
  return button;
}

function take(blob) {
  if (blob.size > most) {
    tell(`This file has ${Math.ceil(blob.size / 1e6)} MB; choose one of at most ${most / 1e6} MB.`, true);
    return;
  }
  tell('Looking for faces …');
  const reader = new FileReader();
  reader.onload = () => trigger('photograph', { data: reader.result.split(',', 2)[1] ?? '' });
  reader.onerror = () => tell('The browser could not read this file.', true);
  reader.readAsDataURL(blob);
}

file.addEventListener('change', () => {
  if (file.files.length) take(file.files[0]);
  file.value = ''; // so that the same file may be chosen again
});

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.example) {
    tell('Looking for faces …');
    trigger('example', { number: Number(button.dataset.example) });
  } else if (button.dataset.camera) {
    ({ open: start, shoot, close: () => camera.close() })[button.dataset.camera]();
  }
});

async function start() {
  if (!navigator.mediaDevices) {
    tell('The browser lends its camera only to pages of this machine, and over HTTPS.', true);
    return;
  }
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } });
  } catch {
    tell('There is no camera, or this page may not use it.', true);
    return;
  }
  camera.showModal();
}

function shoot() {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  camera.close();
  canvas.toBlob(take, 'image/jpeg', 0.95);
}

camera.addEventListener('close', () => {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
});

// Anywhere on the page, since nobody aims while they drag.
const over = (on) => element.classList.toggle('fi-over', on);
document.addEventListener('dragover', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  over(true);
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) over(false); });
document.addEventListener('drop', (event) => {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  over(false);
  take(event.dataTransfer.files[0]);
});
document.addEventListener('paste', (event) => {
  const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith('image/'));
  if (pasted) take(pasted);
});

// What the server says of how it went is read out, wherever the eyes are.
watch('value', () => tell(props.value.text, props.value.error, props.value.offers));
