import type { Result } from './case.ts';

/** One line of the table. */
export const line = ({ operation, title, outcome, saw, seconds }: Result): string =>
  `${outcome.padEnd(9)}  ${operation.padEnd(26)}  ${title.padEnd(64)}  ${seconds.toFixed(1).padStart(6)} ` +
  `s  ${saw}`;

/** The counts, extensions and probes apart. */
export function summary(results: readonly Result[]): string {
  const count = (suite: Result['suite'], outcome: Result['outcome']): number =>
    results.filter((each) => each.suite === suite && each.outcome === outcome).length;
  const suite = (name: Result['suite'], title: string): string =>
    `${title}: ${count(name, 'passed')} passed, ${count(name, 'failed')} failed, ` +
    `${count(name, 'skipped')} skipped`;
  return [
    suite('original', 'The original API'),
    suite('extension', 'Extensions'),
    `Probes: ${count('probe', 'as hoped')} as hoped, ${count('probe', 'otherwise')} otherwise (see ` +
      'docs/clients.md)',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};
/** Control characters cannot be in XML, not even escaped. */
const escaped = (text: string): string =>
  text
    .replace(/[<>&"']/g, (each) => entities[each] ?? '')
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '?');

/**
 * A JUnit file, one suite each for the original API, extensions and probes; a probe that went otherwise is
 * told, not counted.
 */
export function junit(results: readonly Result[], endpoint: string): string {
  const suites = (['original', 'extension', 'probe'] as const).map((name) => {
    const own = results.filter(({ suite }) => suite === name);
    const of = (outcome: Result['outcome']): number => own.filter((each) => each.outcome === outcome).length;
    const time = own.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);
    return [
      `  <testsuite name="${name}" hostname="${escaped(endpoint)}" tests="${own.length}" ` +
        `failures="${of('failed')}" skipped="${of('skipped')}" errors="0" time="${time}">`,
      ...own.map(testcase),
      '  </testsuite>',
    ].join('\n');
  });
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="crowsnest ' +
    `conformance">\n${suites.join('\n')}\n</testsuites>\n`
  );
}

function testcase({ operation, title, outcome, saw, seconds }: Result): string {
  const inner =
    outcome === 'failed'
      ? `<failure message="${escaped(saw)}"/>`
      : outcome === 'skipped'
        ? `<skipped message="${escaped(saw)}"/>`
        : `<system-out>${escaped(`${outcome}: ${saw}`)}</system-out>`;
  return (
    `    <testcase classname="${escaped(operation)}" name="${escaped(title)}" ` +
    `time="${seconds.toFixed(3)}">${inner}</testcase>`
  );
}
