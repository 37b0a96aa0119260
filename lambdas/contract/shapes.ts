import type { Shape } from './shape.ts';

// Constraints are those of the service's published description, version 2020-11-20. Its patterns are mostly unanchored there; read
// literally they would accept anything, so every pattern here is a full match. `tag` patterns need the `u` flag, `Color` breaks with it.

const project = { ProjectName: { shape: 'ProjectName', in: 'path', as: 'projectName', required: true } } as const;
const version = { ModelVersion: { shape: 'ModelVersion', in: 'path', as: 'modelVersion', required: true } } as const;
const token = { ClientToken: { shape: 'ClientToken', in: 'header', as: 'X-Amzn-Client-Token' } } as const;
const page = {
  NextToken: { shape: 'PaginationToken', in: 'query', as: 'nextToken' },
  MaxResults: { shape: 'PageSize', in: 'query', as: 'maxResults' },
} as const;
const resource = { ResourceArn: { shape: 'TagArn', in: 'path', as: 'resourceArn', required: true } } as const;

const modelStatus = [
  'TRAINING', 'TRAINED', 'TRAINING_FAILED', 'STARTING_HOSTING', 'HOSTED', 'HOSTING_FAILED', 'STOPPING_HOSTING', 'SYSTEM_UPDATING', 'DELETING',
] as const;
const hostingStatus = ['STARTING_HOSTING', 'HOSTED', 'HOSTING_FAILED', 'STOPPING_HOSTING', 'SYSTEM_UPDATING'] as const;

export const shapes = {
  // Requests
  CreateProjectRequest: { type: 'structure', members: { ProjectName: { shape: 'ProjectName', required: true }, ...token } },
  DescribeProjectRequest: { type: 'structure', members: project },
  DeleteProjectRequest: { type: 'structure', members: { ...project, ...token } },
  ListProjectsRequest: { type: 'structure', members: page },
  DescribeModelRequest: { type: 'structure', members: { ...project, ...version } },
  ListModelsRequest: { type: 'structure', members: { ...project, ...page } },
  DeleteModelRequest: {
    type: 'structure',
    members: { ...project, ModelVersion: { shape: 'ModelVersionNoLatest', in: 'path', as: 'modelVersion', required: true }, ...token },
  },
  StartModelRequest: {
    type: 'structure',
    members: {
      ...project, ...version, ...token,
      MinInferenceUnits: { shape: 'InferenceUnits', required: true },
      MaxInferenceUnits: { shape: 'InferenceUnits' },
    },
    notBelow: ['MaxInferenceUnits', 'MinInferenceUnits'],
  },
  StopModelRequest: { type: 'structure', members: { ...project, ...version, ...token } },
  DetectAnomaliesRequest: {
    type: 'structure',
    members: {
      ...project, ...version,
      Body: { shape: 'Stream', in: 'raw', required: true },
      ContentType: { shape: 'ContentType', in: 'header', as: 'Content-Type', required: true },
    },
  },
  TagResourceRequest: { type: 'structure', members: { ...resource, Tags: { shape: 'TagList', required: true } } },
  UntagResourceRequest: { type: 'structure', members: { ...resource, TagKeys: { shape: 'TagKeyList', in: 'query', as: 'tagKeys', required: true } } },
  ListTagsForResourceRequest: { type: 'structure', members: resource },
  ImportModelRequest: {
    type: 'structure',
    members: {
      ...project, ...token,
      Source: { shape: 'ModelSource', required: true },
      Description: { shape: 'ModelDescriptionMessage' },
      Tags: { shape: 'TagList' },
    },
  },

  // Responses
  CreateProjectResponse: { type: 'structure', members: { ProjectMetadata: { shape: 'ProjectMetadata' } } },
  DescribeProjectResponse: { type: 'structure', members: { ProjectDescription: { shape: 'ProjectDescription' } } },
  DeleteProjectResponse: { type: 'structure', members: { ProjectArn: { shape: 'Arn' } } },
  ListProjectsResponse: { type: 'structure', members: { Projects: { shape: 'ProjectMetadataList' }, NextToken: { shape: 'PaginationToken' } } },
  DescribeModelResponse: { type: 'structure', members: { ModelDescription: { shape: 'ModelDescription' } } },
  ListModelsResponse: { type: 'structure', members: { Models: { shape: 'ModelMetadataList' }, NextToken: { shape: 'PaginationToken' } } },
  DeleteModelResponse: { type: 'structure', members: { ModelArn: { shape: 'Arn' } } },
  HostingStatusResponse: { type: 'structure', members: { Status: { shape: 'ModelHostingStatus' } } },
  DetectAnomaliesResponse: { type: 'structure', members: { DetectAnomalyResult: { shape: 'DetectAnomalyResult' } } },
  ListTagsForResourceResponse: { type: 'structure', members: { Tags: { shape: 'TagList' } } },
  ModelMetadataResponse: { type: 'structure', members: { ModelMetadata: { shape: 'ModelMetadata' } } },
  EmptyResponse: { type: 'structure', members: {} },

  // Structures
  ProjectMetadata: {
    type: 'structure',
    members: { ProjectArn: { shape: 'Arn' }, ProjectName: { shape: 'ProjectName' }, CreationTimestamp: { shape: 'Timestamp' } },
  },
  ProjectDescription: {
    type: 'structure',
    members: {
      ProjectArn: { shape: 'Arn' }, ProjectName: { shape: 'ProjectName' }, CreationTimestamp: { shape: 'Timestamp' }, Datasets: { shape: 'DatasetMetadataList' },
    },
  },
  DatasetMetadata: {
    type: 'structure',
    members: {
      DatasetType: { shape: 'DatasetType' }, CreationTimestamp: { shape: 'Timestamp' }, Status: { shape: 'DatasetStatus' }, StatusMessage: { shape: 'Text' },
    },
  },
  ModelMetadata: {
    type: 'structure',
    members: {
      CreationTimestamp: { shape: 'Timestamp' }, ModelVersion: { shape: 'ModelVersion' }, ModelArn: { shape: 'Arn' },
      Description: { shape: 'ModelDescriptionMessage' }, Status: { shape: 'ModelStatus' }, StatusMessage: { shape: 'Text' }, Performance: { shape: 'ModelPerformance' },
    },
  },
  ModelDescription: {
    type: 'structure',
    members: {
      ModelVersion: { shape: 'ModelVersion' }, ModelArn: { shape: 'Arn' }, CreationTimestamp: { shape: 'Timestamp' },
      Description: { shape: 'ModelDescriptionMessage' }, Status: { shape: 'ModelStatus' }, StatusMessage: { shape: 'Text' },
      Performance: { shape: 'ModelPerformance' }, OutputConfig: { shape: 'OutputConfig' },
      EvaluationManifest: { shape: 'OutputS3Object' }, EvaluationResult: { shape: 'OutputS3Object' }, EvaluationEndTimestamp: { shape: 'Timestamp' },
      KmsKeyId: { shape: 'KmsKeyId' }, MinInferenceUnits: { shape: 'InferenceUnits' }, MaxInferenceUnits: { shape: 'InferenceUnits' },
    },
  },
  ModelPerformance: { type: 'structure', members: { F1Score: { shape: 'Float' }, Recall: { shape: 'Float' }, Precision: { shape: 'Float' } } },
  OutputConfig: { type: 'structure', members: { S3Location: { shape: 'S3Location', required: true } } },
  S3Location: { type: 'structure', members: { Bucket: { shape: 'S3BucketName', required: true }, Prefix: { shape: 'S3KeyPrefix' } } },
  OutputS3Object: { type: 'structure', members: { Bucket: { shape: 'S3BucketName', required: true }, Key: { shape: 'S3ObjectKey', required: true } } },
  DetectAnomalyResult: {
    type: 'structure',
    members: {
      Source: { shape: 'ImageSource' }, IsAnomalous: { shape: 'Boolean' }, Confidence: { shape: 'Float' },
      Anomalies: { shape: 'AnomalyList' }, AnomalyMask: { shape: 'AnomalyMask' },
    },
  },
  ImageSource: { type: 'structure', members: { Type: { shape: 'ImageSourceType' } } },
  Anomaly: { type: 'structure', members: { Name: { shape: 'AnomalyName' }, PixelAnomaly: { shape: 'PixelAnomaly' } } },
  PixelAnomaly: { type: 'structure', members: { TotalPercentageArea: { shape: 'Float' }, Color: { shape: 'Color' } } },
  Tag: { type: 'structure', members: { Key: { shape: 'TagKey', required: true }, Value: { shape: 'TagValue', required: true } } },
  /** Extension: where a model that was trained elsewhere comes from. */
  ModelSource: {
    type: 'structure',
    oneOf: [['S3'], ['ModelPackageArn'], ['Image', 'ModelDataUrl']],
    members: {
      S3: { shape: 'S3Location' },
      ModelPackageArn: { shape: 'ModelPackageArn' },
      Image: { shape: 'ContainerImage' },
      ModelDataUrl: { shape: 'S3Url' },
    },
  },

  // Lists
  ProjectMetadataList: { type: 'list', of: 'ProjectMetadata' },
  DatasetMetadataList: { type: 'list', of: 'DatasetMetadata' },
  ModelMetadataList: { type: 'list', of: 'ModelMetadata' },
  AnomalyList: { type: 'list', of: 'Anomaly' },
  TagList: { type: 'list', of: 'Tag', min: 0, max: 200 },
  TagKeyList: { type: 'list', of: 'TagKey', min: 0, max: 200 },

  // Scalars
  AnomalyMask: { type: 'blob', min: 1, max: 5_242_880 },
  AnomalyName: { type: 'string', min: 1, max: 256, pattern: '[a-zA-Z0-9]*' },
  Arn: { type: 'string' },
  Boolean: { type: 'boolean' },
  ClientToken: { type: 'string', min: 1, max: 64, pattern: '^[a-zA-Z0-9-]+$' },
  Color: { type: 'string', min: 7, max: 7, pattern: '\\#[a-zA-Z0-9]{6}' },
  ContainerImage: { type: 'string', min: 1, max: 255, pattern: '[\\S]+' },
  ContentType: { type: 'string', min: 1, max: 255, pattern: '.*' },
  DatasetStatus: {
    type: 'string',
    enum: [
      'CREATE_IN_PROGRESS', 'CREATE_COMPLETE', 'CREATE_FAILED', 'UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_IN_PROGRESS',
      'UPDATE_FAILED_ROLLBACK_COMPLETE', 'DELETE_IN_PROGRESS', 'DELETE_COMPLETE', 'DELETE_FAILED',
    ],
  },
  DatasetType: { type: 'string', min: 1, max: 10, pattern: 'train|test' },
  Float: { type: 'float' },
  ImageSourceType: { type: 'string', pattern: 'direct' },
  InferenceUnits: { type: 'integer', min: 1 },
  KmsKeyId: { type: 'string', min: 1, max: 2048, pattern: '^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$' },
  ModelDescriptionMessage: { type: 'string', min: 1, max: 500, pattern: '[0-9A-Za-z\\.\\-_]*' },
  ModelHostingStatus: { type: 'string', enum: hostingStatus },
  ModelPackageArn: { type: 'string', min: 1, max: 2048, pattern: 'arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]{9,16}:[0-9]{12}:model-package/[\\S]{1,2048}' },
  ModelStatus: { type: 'string', enum: modelStatus },
  ModelVersion: { type: 'string', min: 1, max: 10, pattern: '([1-9][0-9]*|latest)' },
  ModelVersionNoLatest: { type: 'string', min: 1, max: 10, pattern: '([1-9][0-9]*)' },
  PageSize: { type: 'integer', min: 1, max: 100 },
  PaginationToken: { type: 'string', min: 0, max: 2048, pattern: '^[a-zA-Z0-9\\/\\+\\=]{0,2048}$' },
  ProjectName: { type: 'string', min: 1, max: 255, pattern: '[a-zA-Z0-9][a-zA-Z0-9_\\-]*' },
  S3BucketName: { type: 'string', min: 3, max: 63, pattern: '[0-9A-Za-z\\.\\-_]*' },
  S3KeyPrefix: { type: 'string', min: 0, max: 1024, pattern: "^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$" },
  S3ObjectKey: { type: 'string', min: 1, max: 1024, pattern: "^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$" },
  S3Url: { type: 'string', min: 8, max: 1024, pattern: 's3://[^/]{3,63}/[^?#]+' },
  Stream: { type: 'blob' },
  TagArn: { type: 'string', min: 1, max: 1011 },
  TagKey: { type: 'string', min: 1, max: 128, pattern: '^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$', flags: 'u' },
  TagValue: { type: 'string', min: 0, max: 256, pattern: '^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$', flags: 'u' },
  Text: { type: 'string' },
  Timestamp: { type: 'timestamp' },
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;

type Required<M> = { [K in keyof M as M[K] extends { readonly required: true } ? K : never]: M[K] extends { readonly shape: infer S } ? ValueOf<S> : never };
type Optional<M> = { [K in keyof M as M[K] extends { readonly required: true } ? never : K]?: M[K] extends { readonly shape: infer S } ? ValueOf<S> : never };
type Flat<T> = { [K in keyof T]: T[K] };

type ValueOf<Name> = Name extends ShapeName ? Value<Name> : never;

/** The TypeScript value that a shape describes: timestamps are epoch milliseconds, blobs are bytes. */
export type Value<Name extends ShapeName> =
  (typeof shapes)[Name] extends { readonly type: 'structure'; readonly members: infer M } ? Flat<Required<M> & Optional<M>>
  : (typeof shapes)[Name] extends { readonly type: 'list'; readonly of: infer Item } ? readonly ValueOf<Item>[]
  : (typeof shapes)[Name] extends { readonly type: 'string'; readonly enum: readonly (infer Each)[] } ? Each
  : (typeof shapes)[Name] extends { readonly type: 'string' } ? string
  : (typeof shapes)[Name] extends { readonly type: 'boolean' } ? boolean
  : (typeof shapes)[Name] extends { readonly type: 'blob' } ? Uint8Array
  : number;

export type ModelStatus = Value<'ModelStatus'>;
export type HostingStatus = Value<'ModelHostingStatus'>;
