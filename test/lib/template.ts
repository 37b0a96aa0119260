import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { addStage, checkRules } from '../../lib/app.ts';
import { bundleNames, nativeLayer } from '../../lib/bundles.ts';
import { configOf } from '../../lib/config/read-config.ts';
import type { StageName } from '../../lib/config/stages.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, never>>;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Synthesised {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly terminationProtection: boolean;
  /** What the security rules, and the schemas of CloudFormation, have against it. */
  readonly findings: readonly string[];
  /** The assembly's folder, with its assets, and the template's file in it. */
  readonly directory: string;
  readonly templateFile: string;
  ofType(type: string): [id: string, resource: Resource][];
}

/** Folders that stand in for bundles: a template only names them. */
function emptyBundles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'crowsnest-bundles-'));
  mkdirSync(join(folder, nativeLayer));
  for (const name of bundleNames) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.cjs'), '');
  }
  return folder;
}

const noCode = emptyBundles();

export const alarmTopicArn = 'arn:aws:sns:eu-west-1:111122223333:alarms';
export const home = { account: '111122223333', region: 'eu-west-1' } as const;

/**
 * The template of a stage, in an account and region that are known, so that ARNs can be read. @param bundles
 * where the code is, if it matters
 */
export function synthesise(stage: StageName, own: object = {}, bundles = noCode): Synthesised {
  const app = new App({
    outdir: mkdtempSync(join(tmpdir(), 'crowsnest-cdk-')),
    analyticsReporting: false,
    context: cdkJson.context,
  });
  const config = configOf(stage, { ...home, ...(stage === 'prod' && { alarmTopicArn }), ...own });
  checkRules(app);
  const stack = addStage(app, stage, config, bundles);
  const assembly = app.synth();
  const artifact = assembly.getStackByName(stack.stackName);
  const { template, terminationProtection = false } = artifact as unknown as {
    template: { Resources: Record<string, Resource>; Outputs: Synthesised['outputs'] };
    terminationProtection?: boolean;
  };
  return {
    resources: template.Resources,
    outputs: template.Outputs,
    terminationProtection,
    directory: assembly.directory,
    templateFile: artifact.templateFullPath,
    findings: findingsIn(join(assembly.directory, 'validation-report.json')),
    ofType: (type) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type),
  };
}

function findingsIn(file: string): string[] {
  if (!existsSync(file)) return [];
  const { pluginReports } = JSON.parse(readFileSync(file, 'utf8')) as {
    pluginReports: {
      violations: {
        ruleName: string;
        description: string;
        violatingConstructs: { constructPath: string }[];
      }[];
    }[];
  };
  return pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    ),
  );
}

/**
 * A value of the template in one line: references in angle brackets, without the hashes that CDK puts behind
 * names.
 */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map(flat).join(',');
  const [[kind, of] = ['', undefined]] = Object.entries(value as Record<string, unknown>);
  if (kind === 'Ref') return of === 'AWS::Partition' ? 'aws' : `<${unhashed(String(of))}>`;
  if (kind === 'Fn::GetAtt') return `<${unhashed((of as string[])[0] ?? '')}.${(of as string[])[1] ?? ''}>`;
  if (kind === 'Fn::Join')
    return (of as [string, unknown[]])[1].map(flat).join((of as [string, unknown[]])[0]);
  return JSON.stringify(value);
}

export const unhashed = (id: string): string =>
  id.replace(/(CurrentVersion)?[0-9A-F]{8}([0-9a-f]{32})?$/, '$1');
