// For tests that run onnxruntime in their own process. Jest gives each test file globals of its own, but a
// native module makes its arrays with the real ones, and `instanceof` then says no. A test file asks for it
// with `@jest-environment ./test/helpers/native-arrays.cjs`.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const array of [
      Float32Array,
      Float64Array,
      Int8Array,
      Uint16Array,
      Int16Array,
      Int32Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
    ]) {
      this.global[array.name] = array;
    }
  }
};
