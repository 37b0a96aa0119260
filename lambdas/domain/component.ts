import { createHash } from 'node:crypto';
import { modelArn, type Home } from './arns.ts';
import { below, locationUrl } from './locations.ts';
import type { PackagingJob } from './packaging.ts';
import type { ObjectLocation } from './ports.ts';
import { zip, type ZipFile } from './zip.ts';

/** A Greengrass component as two objects: the archive, and the recipe that names it. */
export interface Component {
  readonly archive: { readonly location: ObjectLocation; readonly bytes: Uint8Array };
  readonly recipe: { readonly location: ObjectLocation; readonly bytes: Uint8Array };
}

/** The ARN that Greengrass gives the component when it is created from its recipe. */
export const componentArn = (
  { partition, region, account }: Home,
  { greengrass, componentVersion }: PackagingJob,
): string =>
  `arn:${partition}:greengrass:${region}:${account}:components:` +
  `${greengrass.ComponentName}:versions:${componentVersion}`;

/**
 * Below `<Prefix><ComponentName>/<ComponentVersion>/`. The same job gives the same bytes, so it may be
 * written again.
 */
export function componentOf(job: PackagingJob, files: readonly ZipFile[], home: Home): Component {
  const {
    S3OutputLocation: { Bucket: bucket, Prefix = '' },
    ComponentName: name,
  } = job.greengrass;
  const place = (file: string): ObjectLocation => ({
    bucket,
    key: below(Prefix, `${name}/${job.componentVersion}/${file}`),
  });
  const archive = place(`${name}.zip`);
  return {
    archive: {
      location: archive,
      bytes: zip([...files, { name: 'component.json', bytes: json(manifestOf(job, files, home)) }], 0),
    },
    recipe: { location: place('recipe.json'), bytes: json(recipeOf(job, archive, home)) },
  };
}

const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** What is in the archive, for the program that loads it on the device. */
const manifestOf = (job: PackagingJob, files: readonly ZipFile[], home: Home): object => ({
  format: 'crowsnest-component/1',
  model: { project: job.project, version: job.version, arn: modelArn(home, job) },
  component: { name: job.greengrass.ComponentName, version: job.componentVersion },
  target: job.greengrass.TargetDevice ?? job.greengrass.TargetPlatform,
  ...(job.greengrass.CompilerOptions !== undefined && { compilerOptions: job.greengrass.CompilerOptions }),
  files: files.map(({ name, bytes }) => ({
    name,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })),
});

/** AWS IoT Greengrass component recipe, format 2020-01-25. */
const recipeOf = (job: PackagingJob, archive: ObjectLocation, home: Home): object => ({
  RecipeFormatVersion: '2020-01-25',
  ComponentName: job.greengrass.ComponentName,
  ComponentVersion: job.componentVersion,
  ComponentType: 'aws.greengrass.generic',
  ComponentDescription:
    job.greengrass.ComponentDescription ??
    `Version ${job.version} of the anomaly detection model of project ${job.project}`,
  ComponentPublisher: 'Crowsnest',
  ComponentConfiguration: { DefaultConfiguration: { ModelArn: modelArn(home, job) } },
  Manifests: [
    {
      Platform: { os: 'linux', architecture: architectureOf(job) },
      Lifecycle: {},
      Artifacts: [
        {
          Uri: locationUrl(archive),
          Unarchive: 'ZIP',
          Permission: { Read: 'ALL', Execute: 'NONE' },
        },
      ],
    },
  ],
});

/** In Greengrass's words. The one target device is a Jetson, whose processor is an ARM. */
const architectureOf = ({ greengrass: { TargetPlatform } }: PackagingJob): string =>
  TargetPlatform?.Arch === 'X86_64' ? 'amd64' : 'aarch64';
