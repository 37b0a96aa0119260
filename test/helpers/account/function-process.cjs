// What Lambda does for a function: a process with nothing but its variables, which loads the bundle and hands it events.
const [, , bundle] = process.argv;
const loaded = require(bundle);

process.on('message', async ({ id, handler, event }) => {
  try {
    const result = await loaded[handler](event, { awsRequestId: id, functionName: handler, getRemainingTimeInMillis: () => 28_000 });
    process.send({ id, result: result === undefined ? null : result });
  } catch (error) {
    process.send({ id, error: { errorType: error.name, errorMessage: error.message } });
  }
});
process.on('disconnect', () => process.exit(0));
