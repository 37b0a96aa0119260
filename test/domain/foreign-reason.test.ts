import { expect, test } from '@jest/globals';
import { foreignReason } from '../../lambdas/domain/foreign-reason.ts';

test.each([
  [
    "ENOENT: no such file or directory, open '/var/lib/x/model.onnx'",
    "ENOENT: no such file or directory, open 'model.onnx'",
  ],
  ['spawn /usr/local/bin/node EMFILE', 'spawn node EMFILE'],
  ['C:\\Users\\me\\model.onnx is not there', 'model.onnx is not there'],
  ['see s3://bucket/deep/key and/or 3/4', 'see s3://bucket/deep/key and/or 3/4'],
  ['two\n  lines', 'two lines'],
  [
    'Load model from /a/b/model.onnx failed:/src/core/graph/model.cc:202 ns::Model::Model(onnx::ModelProto&&, const std::__cxx11::basic_string<char>&, int (*)(int)) Unsupported model IR version: 99',
    'Load model from model.onnx failed: Unsupported model IR version: 99',
  ],
  [
    "While running Sin node. Name:'' Status Message: /src/cpu/helper.h:91 ns::Helper::operator()(const T&) const [with T = float] shapes differ",
    "While running Sin node. Name:'' Status Message: shapes differ",
  ],
])('%p', (given, told) => {
  expect(foreignReason(new Error(given))).toBe(told);
});

test('what is too long is cut between two words, and says so', () => {
  const told = foreignReason('word '.repeat(1000));
  expect(told).toMatch(/^(word )+…$/);
  expect(told.length).toBeLessThan(610);
});
