/**
 * TensorFlow.js in a worker of its own: loads the model, then fills one window at a time.
 *
 * The first message is {backend, folder}: "webgpu", "webgl", "wasm" or null for the best one, and
 * the address of the model. The others are a window's. TensorFlow.js comes as classic scripts.
 */

const VENDOR = new URL("../../vendor/", self.location).href;
const SOFTWARE = /swiftshader|llvmpipe|software/i; // a GPU in name only: WASM is faster

let model = null;

self.onmessage = async ({ data }) => {
  try {
    self.postMessage(model ? await fill(data) : await setUp(data));
  } catch (error) {
    self.postMessage({ error: `The model failed in this browser: ${error.message}` });
  }
};

async function setUp({ backend, folder }) {
  load("tf-core", "tf-converter");
  const wanted = backend ? [backend] : ["webgpu", "webgl", "wasm"];
  for (const name of wanted) {
    if (await use(name)) break;
  }
  if (!tf.getBackend()) throw new Error(`there is no ${wanted.join(", ")}`);
  const onProgress = (share) => self.postMessage({ progress: ["Loading the model", share] });
  model = await tf.loadGraphModel(folder + "model.json", { onProgress });
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
    load("tf-backend-webgpu");
    return true;
  },
  async webgl() {
    const context = new OffscreenCanvas(1, 1).getContext("webgl2");
    const names = context?.getExtension("WEBGL_debug_renderer_info");
    if (!context || SOFTWARE.test(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? 0))) {
      return false;
    }
    load("tf-backend-webgl");
    // In half precision indices above 2048 are not exact, and patches would be mixed up.
    return tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED");
  },
  async wasm() {
    load("tf-backend-wasm");
    tf.wasm.setWasmPaths(VENDOR);
    return true;
  },
};

function load(...names) {
  importScripts(...names.map((name) => `${VENDOR}${name}.min.js`));
}

async function fill({ seen, window, box, width, height, size }) {
  const { cut, enlarge } = await import("../windows.js");
  const { image, mask } = cut(seen, window, size, width, height);
  const inputs = {
    image: tf.tensor4d(image, [1, size, size, 3]),
    mask: tf.tensor4d(mask, [1, size, size, 1]),
  };
  const output = await model.executeAsync(inputs);
  const result = await output.data();
  tf.dispose([Object.values(inputs), output]);
  const patch = enlarge(result, size, window, box);
  return { patch };
}
