// What the native half of AWS's runtime interface client does: GET next, POST response, POST error. There `done` and
// `error` return when the request has been answered; here the next `next` waits for it, which comes to the same.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const http = require('node:http');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
let posted = Promise.resolve();

function request(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { hostname, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          answer.statusCode < 300
            ? resolve({ bodyJson: Buffer.concat(parts).toString(), headers: answer.headers })
            : reject(new Error(`The Runtime API answered ${answer.statusCode} to ${method} ${path}.`)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function post(path, body, headers) {
  const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  posted = request('POST', path, body, { ...length, ...headers });
}

exports.next = async () => {
  await posted;
  return request('GET', 'invocation/next');
};
exports.done = (id, body) => post(`invocation/${id}/response`, body);
exports.error = (id, body, xray) =>
  post(`invocation/${id}/error`, body, {
    'lambda-runtime-function-error-type': JSON.parse(body).errorType ?? 'Unhandled',
    ...(xray.length < 1024 * 1024 && { 'lambda-runtime-function-xray-error-cause': encodeURI(xray) }),
  });
