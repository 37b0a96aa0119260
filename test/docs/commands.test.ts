import { expect, test } from '@jest/globals';
import { blocksOf } from './commands.ts';

test('blocks fenced with sh are read, with what is promised of each command', () => {
  const page = [
    'Text.',
    '```sh',
    'npm run samples',
    'aws do-it \\',
    '  --with this     # TRAINING, a moment later TRAINED',
    'curl "http://x/#here"   # {"Projects":[]}',
    '# a comment alone',
    '```',
    '```js',
    'not(this);',
    '```',
    '<!-- follow: skip (needs an account) -->',
    '',
    '   ```sh',
    '   npx cdk deploy',
    '   ```',
    '<!-- follow: needs aws -->',
    '```sh',
    'aws s3 ls',
    '```',
  ].join('\n');
  expect(blocksOf(page)).toEqual([
    {
      line: 2,
      commands: [
        { text: 'npm run samples' },
        { text: 'aws do-it \\\n  --with this', until: 'TRAINED' },
        { text: 'curl "http://x/#here"', tells: '{"Projects":[]}' },
      ],
    },
    { line: 14, commands: [{ text: 'npx cdk deploy' }], skip: 'needs an account' },
    { line: 18, commands: [{ text: 'aws s3 ls' }], needs: 'aws' },
  ]);
});
