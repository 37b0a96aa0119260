import { classOf, labelOf } from '../../lambdas/domain/manifest.ts';
import { drop, type Finding, type Line } from './finding.ts';
import { canonicalLabel, classification, labelsOf, masksOf, renamed, withMetadata, without } from './line.ts';
import { parseLocation } from '../../lambdas/domain/locations.ts';

type Partial = Omit<Finding, 'dataset' | 'line'>;

/** The longest line that ListDatasetEntries can give back. */
const longest = 8192;

/** What is wrong with the attributes of a line, whatever its picture is like. */
export function checkLabel(line: Line, text: string): Partial[] {
  const findings: Partial[] = [];
  const labels = labelsOf(line);
  // The one that the service goes by; without one, whatever is called so.
  const chosen = labelOf(line);
  const label = labels.find(({ name }) => name === chosen) ?? labels[0];
  if (text.length > longest) {
    findings.push({
      severity: 'error',
      problem: `The line has ${text.length} characters; ${longest} is the most.`,
      remedy: 'Shorten its metadata.',
      // writing it anew leaves its blanks out
      ...(JSON.stringify(line).length <= longest && { repair: (given: Line) => given }),
    });
  }
  if (label === undefined) {
    const remedy =
      'Add "anomaly-label" and "anomaly-label-metadata", or leave it: unlabelled pictures are counted, ' +
      'and not trained from.';
    return [...findings, { severity: 'warning', problem: 'The picture has no label.', remedy }];
  }
  const { name, metadata } = label;
  const kind = classOf(metadata);
  if (kind === undefined) {
    findings.push({
      severity: 'warning',
      problem:
        `The class-name "${String(metadata['class-name'])}" is neither normal nor anomaly, so the picture ` +
        'counts as unlabelled.',
      remedy: "Correct it in the label's metadata.",
    });
  } else if (metadata['class-name'] !== kind) {
    findings.push({
      severity: 'warning',
      problem: `The class-name "${String(metadata['class-name'])}" is not in lower case.`,
      remedy: `Write it ${kind}.`,
      repair: (given) => withMetadata(given, name, { 'class-name': kind }),
    });
  }
  if (line[name] === undefined) {
    findings.push({
      severity: 'warning',
      problem: `${name}-metadata is there, and ${name} is not.`,
      remedy: 'Add it: 1 for an anomaly, 0 for a normal part.',
      repair: valued(name, kind),
    });
  } else if (kind !== undefined && line[name] !== (kind === 'anomaly' ? 1 : 0)) {
    findings.push({
      severity: 'warning',
      problem:
        `${name} is ${JSON.stringify(line[name])} where class-name is ${kind}; ` + 'only class-name counts.',
      remedy: 'Write 1 for an anomaly, 0 for a normal part.',
      repair: valued(name, kind),
    });
  }
  if (metadata['type'] !== classification) {
    findings.push({
      severity: 'warning',
      problem: `The label's type is ${JSON.stringify(metadata['type'])}.`,
      remedy: `It must be "${classification}".`,
      repair: (given) => withMetadata(given, name, { type: classification }),
    });
  }
  if (!['yes', 'no'].includes(String(metadata['human-annotated']))) {
    findings.push({
      severity: 'warning',
      problem: `The label's human-annotated is ${JSON.stringify(metadata['human-annotated'])}.`,
      remedy: 'It must be "yes" or "no".',
      repair: (given) => withMetadata(given, name, { 'human-annotated': 'yes' }),
    });
  }
  if (name !== canonicalLabel) {
    // last, because the repairs before it use the name
    findings.push({
      severity: 'warning',
      problem: `The label is called ${name}.`,
      remedy: `Call it ${canonicalLabel}: some engines look for that name.`,
      repair: (given) => renamed(given, name, canonicalLabel),
    });
  }
  return findings;
}

const valued =
  (name: string, kind: 'normal' | 'anomaly' | undefined) =>
  (line: Line): Line => ({ ...line, [name]: kind === 'anomaly' ? 1 : 0 });

/** What is wrong with a line before its picture is looked at; the line is of no use then. */
export function checkSource(line: Line | undefined): Partial | undefined {
  if (line === undefined)
    return {
      severity: 'error',
      problem: 'The line is no JSON object.',
      remedy: 'Correct it, or take it out.',
      repair: drop,
    };
  const source = line['source-ref'];
  if (typeof source !== 'string' || parseLocation(source) === undefined) {
    return {
      severity: 'error',
      problem: 'The line has no source-ref of the form s3://bucket/key.',
      remedy: 'Correct it, or take it out.',
      repair: drop,
    };
  }
  if (source.endsWith('/'))
    return {
      severity: 'error',
      problem: `${source} is a folder.`,
      remedy: 'Take the line out.',
      repair: drop,
    };
  return undefined;
}

/** Masks that cannot be used leave a line that can. */
export const withoutMasks = (line: Line): Line =>
  masksOf(line).reduce((rest, { name }) => without(rest, name), line);
