// Asks the networks of @vladmandic/face-api, on the wasm backend; see protocol.py for what it reads
// and writes. Run in the folder that its packages are installed in:
//
//     node worker_face_api.js PHOTOGRAPHS ANSWERS [--given] [--detector=ssd|tiny]
//         [--confidence=0.5] [--margin=0]

const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");
const { parseArgs } = require("node:util");

const installed = createRequire(path.join(process.cwd(), "package.json"));
const image = installed("@canvas/image");
const tf = installed("@tensorflow/tfjs");
const wasm = installed("@tensorflow/tfjs-backend-wasm");
const faceapi = installed("@vladmandic/face-api/dist/face-api.node-wasm.js");

const WARM_UP = 2;
const GREY = 128;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    given: { type: "boolean", default: false },
    detector: { type: "string", default: "ssd" },
    confidence: { type: "string", default: "0.5" },
    margin: { type: "string", default: "0" },
  },
});

async function load() {
  const folder = path.dirname(installed.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  wasm.setWasmPaths(path.join(folder, "dist/"));
  await tf.setBackend("wasm");
  await tf.ready();
  const models = path.join(
    path.dirname(installed.resolve("@vladmandic/face-api/package.json")), "model");
  const { nets } = faceapi;
  const detector = options.detector === "tiny" ? nets.tinyFaceDetector : nets.ssdMobilenetv1;
  const all = [detector, nets.faceLandmark68Net, nets.ageGenderNet, nets.faceExpressionNet];
  for (const net of all) await net.loadFromDisk(models);
}

function detectorOptions() {
  const least = Number(options.confidence);
  return options.detector === "tiny"
    ? new faceapi.TinyFaceDetectorOptions({ scoreThreshold: least })
    : new faceapi.SsdMobilenetv1Options({ minConfidence: least });
}

// A picture [H, W, 3], with grey around it, and how wide that is.
async function read(file) {
  const canvas = await image.imageFromBuffer(fs.readFileSync(file));
  const { data, width, height } = image.getImageData(canvas);
  const edge = Math.round(Number(options.margin) * Math.max(width, height));
  const pixels = tf.tidy(() => {
    const rgb = tf.tensor3d(new Int32Array(data), [height, width, 4], "int32")
      .slice([0, 0, 0], [height, width, 3]);
    const around = [[edge, edge], [edge, edge], [0, 0]];
    return edge ? tf.pad(rgb, around, GREY) : rgb;
  });
  return { pixels, edge, width, height };
}

function written(face, box, edge) {
  const expressions = { ...face.expressions };
  const names = Object.keys(expressions);
  return {
    box: [box.left, box.top, box.right, box.bottom].map((of) => of - edge),
    years: face.age,
    age: Math.max(0, face.age).toFixed(1),
    gender: face.gender,
    gender_probability: face.genderProbability,
    expression: names.reduce((best, of) => (expressions[of] > expressions[best] ? of : best)),
    expressions,
  };
}

// A known box goes the way of a detected one: landmarks, the face's own box by them, the networks.
async function known(picture, box) {
  const [left, top, right, bottom] = box || [0, 0, picture.width, picture.height];
  const [height, width] = picture.pixels.shape;
  const rect = new faceapi.Rect(
    (left + picture.edge) / width, (top + picture.edge) / height,
    (right - left) / width, (bottom - top) / height);
  const detection = new faceapi.FaceDetection(1, rect, { width, height });
  const [crop] = await faceapi.extractFaceTensors(picture.pixels, [detection]);
  const landmarks = await faceapi.nets.faceLandmark68Net.detectLandmarks(crop);
  const { alignedRect } = faceapi.extendWithFaceLandmarks({ detection }, landmarks);
  const [aligned] = await faceapi.extractFaceTensors(picture.pixels, [alignedRect]);
  const face = await faceapi.nets.ageGenderNet.predictAgeAndGender(aligned);
  const expressions = await faceapi.nets.faceExpressionNet.predictExpressions(aligned);
  tf.dispose([crop, aligned]);
  return written({ ...face, expressions }, detection.box, picture.edge);
}

async function answer(asked) {
  let picture;
  try {
    picture = await read(asked.photograph);
    const faces = await faceapi.detectAllFaces(picture.pixels, detectorOptions())
      .withFaceLandmarks().withFaceExpressions().withAgeAndGender();
    const found = faces.map((face) => written(face, face.detection.box, picture.edge));
    const given = [];
    // Landmarks that lie outside the picture leave nothing to look at.
    const tried = (box) => (!box && found.length ? null : known(picture, box).catch(() => null));
    if (options.given) for (const box of asked.boxes) given.push(await tried(box));
    return { photograph: asked.photograph, found, given };
  } catch (error) {
    const given = asked.boxes.map(() => null);
    return { photograph: asked.photograph, found: [], given, error: String(error) };
  } finally {
    if (picture) tf.dispose(picture.pixels);
  }
}

async function main() {
  const [photographs, answers] = positionals;
  const lines = fs.readFileSync(photographs, "utf8").split("\n").filter((line) => line);
  const asked = lines.map((line) => JSON.parse(line));
  await load();
  for (const one of asked.slice(0, WARM_UP)) await answer(one);
  console.log("ready");
  await new Promise((begin) => process.stdin.once("data", begin));
  const started = process.cpuUsage();
  const file = fs.openSync(answers, "w");
  for (const one of asked) fs.writeSync(file, `${JSON.stringify(await answer(one))}\n`);
  fs.closeSync(file);
  const { user, system } = process.cpuUsage(started);
  console.log(`done ${(user + system) / 1e6}`);
  process.exit(0);
}

main();
