/**
 * TensorFlow.js in a worker of its own, which fills one window at a time.
 *
 * The first message is {backend}: "webgpu", "webgl", "wasm", or null for the best there is. The
 * others are a window's. TensorFlow.js comes as classic scripts, so this is one, too.
 */

const VENDOR = new URL("../../vendor/", self.location).href;
const MODEL = new URL("../../model/", self.location).href;
const SOFTWARE = /swiftshader|llvmpipe|software/i; // a GPU in name only: WASM is faster

const models = new Map(); // a graph model for each side of a window

self.onmessage = async ({ data }) => {
  try {
    self.postMessage("backend" in data ? await setUp(data) : await fill(data));
  } catch (error) {
    self.postMessage({ error: `The model failed in this browser: ${error.message}` });
  }
};

async function setUp({ backend }) {
  script("tf-core", "tf-converter");
  const wanted = backend ? [backend] : ["webgpu", "webgl", "wasm"];
  for (const name of wanted) {
    if (await use(name)) break;
  }
  if (!tf.getBackend()) throw new Error(`there is no ${wanted.join(", ")}`);
  return { backend: tf.getBackend() };
}

async function use(name) {
  if (!(await ENGINES[name]())) return false;
  const started = await tf.setBackend(name);
  if (started) await tf.ready();
  return started;
}

const ENGINES = {
  async webgpu() {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter || adapter.info?.isFallbackAdapter) return false;
    script("tf-backend-webgpu");
    return true;
  },
  async webgl() {
    const context = new OffscreenCanvas(1, 1).getContext("webgl2");
    const names = context?.getExtension("WEBGL_debug_renderer_info");
    if (!context || SOFTWARE.test(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? 0))) {
      return false;
    }
    script("tf-backend-webgl");
    // In half precision indices above 2048 are not exact, and patches would be mixed up.
    return tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED");
  },
  async wasm() {
    script("tf-backend-wasm");
    tf.wasm.setWasmPaths(VENDOR);
    return true;
  },
};

function script(...names) {
  importScripts(...names.map((name) => `${VENDOR}${name}.min.js`));
}

async function load(size) {
  if (!models.has(size)) {
    const onProgress = (share) => self.postMessage({ progress: ["Loading the model", share] });
    models.set(size, await tf.loadGraphModel(`${MODEL}${size}/model.json`, { onProgress }));
  }
  return models.get(size);
}

async function fill({ seen, window, box, width, height, size, label }) {
  const { cut, enlarge } = await import("../windows.js");
  const model = await load(size);
  self.postMessage({ progress: label });
  const { image, mask } = cut(seen, window, size, width, height);
  const inputs = {
    image: tf.tensor4d(image, [1, size, size, 3]),
    mask: tf.tensor4d(mask, [1, size, size, 1]),
  };
  const output = model.execute(inputs);
  const result = await output.data();
  tf.dispose([inputs, output]);
  return { patch: enlarge(result, size, window, box) };
}
