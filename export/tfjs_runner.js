/** Runs a TF.js model on WebAssembly: node tfjs_runner.js MODEL_FOLDER SIDE INPUTS OUTPUTS.
 *
 * INPUTS holds float32 image (S, S, 3) and mask (S, S, 1) of each case, OUTPUTS the results and, as
 * one more float32 each, the milliseconds of the second run.
 */
const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-wasm");

async function main(folder, side, inputs, outputs) {
  await tf.setBackend("wasm");
  const { modelTopology, weightsManifest, signature } = JSON.parse(
    fs.readFileSync(path.join(folder, "model.json")),
  );
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const data = Buffer.concat(files.map((name) => fs.readFileSync(path.join(folder, name))));
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const artifacts = { modelTopology, weightSpecs, weightData, signature };
  const model = await loadGraphModel({ load: async () => artifacts });

  const bytes = fs.readFileSync(inputs);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const pixels = side * side;
  const results = [];
  for (let at = 0; at < all.length; at += 4 * pixels) {
    const image = tf.tensor4d(all.slice(at, at + 3 * pixels), [1, side, side, 3]);
    const mask = tf.tensor4d(all.slice(at + 3 * pixels, at + 4 * pixels), [1, side, side, 1]);
    const fill = async () => model.execute({ image, mask }).data();
    await fill();
    const before = performance.now();
    results.push(await fill(), Float32Array.of(performance.now() - before));
  }
  fs.writeFileSync(outputs, Buffer.concat(results.map((one) => Buffer.from(one.buffer))));
}

main(process.argv[2], Number(process.argv[3]), process.argv[4], process.argv[5]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
