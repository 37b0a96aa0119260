// What Lambda does for a function: a process with nothing but its variables, which loads the bundle and hands
// it events.
const [, , bundle, ahead] = process.argv;

// Time passes as the test says: the functions ask this clock, and no other.
let offset = Number(ahead);
const now = Date.now;
Date.now = () => now() + offset;
const loaded = require(bundle);

process.on('message', async ({ id, handler, event, passed = 0 }) => {
  offset += passed;
  if (handler === undefined) return;
  try {
    const result = await loaded[handler](event, {
      awsRequestId: id,
      functionName: handler,
      memoryLimitInMB: '3008',
      getRemainingTimeInMillis: () => 900_000,
    });
    process.send({ id, result: result === undefined ? null : result });
  } catch (error) {
    process.send({ id, error: { errorType: error.name, errorMessage: error.message } });
  }
});
process.on('disconnect', () => process.exit(0));
