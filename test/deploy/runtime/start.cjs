// Loaded before AWS's runtime interface client (npm aws-lambda-ric), whose JavaScript runs as published. Its native
// half, which only carries requests to the Runtime API, needs a compiler and Node's headers at install time; it is
// replaced by client.cjs, which carries the same requests over HTTP.
const { writeFileSync } = require('node:fs');
const https = require('node:https');
const http = require('node:http');
const { registerHooks } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const client = pathToFileURL(join(__dirname, 'client.cjs')).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith('/rapid-client.node')
      ? { url: client, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
});

const name = process.env.AWS_LAMBDA_FUNCTION_NAME;
// Lambda sets it, the emulator does not, and the client refuses to start without.
process.env.AWS_LAMBDA_LOG_GROUP_NAME ??= `/aws/lambda/${name}`;
if (process.env.DEPLOY_PROCESSES !== undefined)
  writeFileSync(join(process.env.DEPLOY_PROCESSES, `${name}.${process.pid}`), '');

// The ResponseURL of a custom resource is an https URL of S3 on AWS, and a framework that answers there knows no
// other scheme. The emulator's is plain HTTP on loopback.
if (process.env.AWS_ENDPOINT_URL?.startsWith('http://')) {
  const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL);
  const secure = https.request;
  https.request = (options, ...rest) =>
    typeof options === 'object' && [hostname, 'localhost'].includes(options.hostname)
      ? http.request({ ...options, hostname, port, agent: undefined }, ...rest)
      : secure(options, ...rest);
}
