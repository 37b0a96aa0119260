import { shapeOf } from '../../lambdas/http/decode.ts';

/** A value for every scalar, that its pattern allows. Dates are as the client has them. */
const scalarExamples: Readonly<Record<string, unknown>> = {
  AnomalyClassFilter: 'anomaly',
  AnomalyMask: Uint8Array.of(1, 2, 255),
  AnomalyName: 'cracked',
  Arn: 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1',
  Boolean: true,
  ClientToken: 'a-token-7',
  Color: '#23A436',
  CompilerOptions: '{"gpu-code":"sm_72"}',
  ComponentDescription: "It's (a, part); really?",
  ComponentName: 'Part.Check',
  ComponentVersion: '1.0.2',
  ComponentVersionArn: 'arn:aws:greengrass:us-east-1:aws:components:x',
  ContentType: 'image/png',
  DatasetChanges: Uint8Array.of(0, 128, 255),
  DatasetEntry: '{"source-ref":"s3://b/ä.jpg"}',
  DatasetType: 'train',
  Float: 0.9996867775917053,
  ImageSourceType: 'direct',
  InferenceUnits: 3,
  Integer: 44,
  KmsKeyId: 'alias/parts',
  ModelDescriptionMessage: 'first_one.2',
  ModelPackagingJobDescription: 'a job',
  ModelPackagingJobName: 'job-1',
  ModelPackagingMethod: 'Greengrass',
  ModelVersion: '12',
  ModelVersionNoLatest: '12',
  PageSize: 50,
  PaginationToken: 'abc+/12==',
  ProjectName: 'my_project-1',
  QueryString: 'a b&c=d+é/?',
  S3BucketName: 'my-bucket',
  S3KeyPrefix: 'a/b_c!*()',
  S3ObjectKey: 'a/train.manifest',
  S3ObjectVersion: 'v1',
  Stream: Uint8Array.of(0xff, 0xd8, 0, 13, 10),
  TagArn: 'arn:aws:lookoutvision:us-east-1:111122223333:model/my_project-1/12',
  TagKey: 'Straße 4:/=+-@',
  TagValue: 'yes',
  Text: 'The model is running',
  Timestamp: new Date('2022-08-22T13:52:52.123Z'),
};

/** A value that the shape allows, with every member that it has. */
export function exampleOf(name: string): unknown {
  const shape = shapeOf(name);
  if (shape.type === 'structure')
    return Object.fromEntries(
      Object.entries(shape.members).map(([member, { shape: of }]) => [member, exampleOf(of)]),
    );
  if (shape.type === 'list') return [exampleOf(shape.of), exampleOf(shape.of)];
  if (shape.type === 'string' && shape.enum !== undefined) return shape.enum[0];
  if (!(name in scalarExamples)) throw new Error(`there is no example of ${name}`);
  return scalarExamples[name];
}
