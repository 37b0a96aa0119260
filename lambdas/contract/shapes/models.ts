import { modelStatuses } from '../model-statuses.ts';
import type { Shape } from '../shape.ts';
import { numbered, page, project, token, version } from './members.ts';

const hostingStatus = [
  'STARTING_HOSTING',
  'HOSTED',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'SYSTEM_UPDATING',
] as const;

export const modelShapes = {
  DescribeModelRequest: { type: 'structure', members: { ...project, ...version } },
  ListModelsRequest: { type: 'structure', members: { ...project, ...page } },
  DeleteModelRequest: {
    type: 'structure',
    members: {
      ...project,
      ...numbered,
      ...token,
    },
  },
  StartModelRequest: {
    type: 'structure',
    members: {
      ...project,
      ...version,
      ...token,
      MinInferenceUnits: { shape: 'InferenceUnits', required: true },
      MaxInferenceUnits: { shape: 'InferenceUnits' },
    },
    notBelow: ['MaxInferenceUnits', 'MinInferenceUnits'],
  },
  StopModelRequest: { type: 'structure', members: { ...project, ...version, ...token } },
  DetectAnomaliesRequest: {
    type: 'structure',
    members: {
      ...project,
      ...version,
      Body: { shape: 'Stream', in: 'raw', required: true },
      ContentType: { shape: 'ContentType', in: 'header', as: 'Content-Type', required: true },
    },
  },
  CreateModelRequest: {
    type: 'structure',
    members: {
      ...project,
      ...token,
      Description: { shape: 'ModelDescriptionMessage' },
      OutputConfig: { shape: 'OutputConfig', required: true },
      KmsKeyId: { shape: 'KmsKeyId' },
      Tags: { shape: 'TagList' },
    },
  },
  ImportModelRequest: {
    type: 'structure',
    members: {
      ...project,
      ...token,
      Source: { shape: 'ModelSource', required: true },
      Description: { shape: 'ModelDescriptionMessage' },
      Tags: { shape: 'TagList' },
    },
  },
  DescribeModelResponse: { type: 'structure', members: { ModelDescription: { shape: 'ModelDescription' } } },
  ListModelsResponse: {
    type: 'structure',
    members: { Models: { shape: 'ModelMetadataList' }, NextToken: { shape: 'PaginationToken' } },
  },
  DeleteModelResponse: { type: 'structure', members: { ModelArn: { shape: 'Arn' } } },
  HostingStatusResponse: { type: 'structure', members: { Status: { shape: 'ModelHostingStatus' } } },
  DetectAnomaliesResponse: {
    type: 'structure',
    members: { DetectAnomalyResult: { shape: 'DetectAnomalyResult' } },
  },
  ModelMetadataResponse: { type: 'structure', members: { ModelMetadata: { shape: 'ModelMetadata' } } },
  ModelMetadata: {
    type: 'structure',
    members: {
      CreationTimestamp: { shape: 'Timestamp' },
      ModelVersion: { shape: 'ModelVersion' },
      ModelArn: { shape: 'Arn' },
      Description: { shape: 'ModelDescriptionMessage' },
      Status: { shape: 'ModelStatus' },
      StatusMessage: { shape: 'Text' },
      Performance: { shape: 'ModelPerformance' },
    },
  },
  ModelDescription: {
    type: 'structure',
    members: {
      ModelVersion: { shape: 'ModelVersion' },
      ModelArn: { shape: 'Arn' },
      CreationTimestamp: { shape: 'Timestamp' },
      Description: { shape: 'ModelDescriptionMessage' },
      Status: { shape: 'ModelStatus' },
      StatusMessage: { shape: 'Text' },
      Performance: { shape: 'ModelPerformance' },
      OutputConfig: { shape: 'OutputConfig' },
      EvaluationManifest: { shape: 'OutputS3Object' },
      EvaluationResult: { shape: 'OutputS3Object' },
      EvaluationEndTimestamp: { shape: 'Timestamp' },
      KmsKeyId: { shape: 'KmsKeyId' },
      MinInferenceUnits: { shape: 'InferenceUnits' },
      MaxInferenceUnits: { shape: 'InferenceUnits' },
    },
  },
  ModelPerformance: {
    type: 'structure',
    members: { F1Score: { shape: 'Float' }, Recall: { shape: 'Float' }, Precision: { shape: 'Float' } },
  },
  OutputConfig: { type: 'structure', members: { S3Location: { shape: 'S3Location', required: true } } },
  DetectAnomalyResult: {
    type: 'structure',
    members: {
      Source: { shape: 'ImageSource' },
      IsAnomalous: { shape: 'Boolean' },
      Confidence: { shape: 'Float' },
      Anomalies: { shape: 'AnomalyList' },
      AnomalyMask: { shape: 'AnomalyMask' },
    },
  },
  ImageSource: { type: 'structure', members: { Type: { shape: 'ImageSourceType' } } },
  Anomaly: {
    type: 'structure',
    members: { Name: { shape: 'AnomalyName' }, PixelAnomaly: { shape: 'PixelAnomaly' } },
  },
  PixelAnomaly: {
    type: 'structure',
    members: { TotalPercentageArea: { shape: 'Float' }, Color: { shape: 'Color' } },
  },
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
  ModelMetadataList: { type: 'list', of: 'ModelMetadata' },
  AnomalyList: { type: 'list', of: 'Anomaly' },
  ModelHostingStatus: { type: 'string', enum: hostingStatus },
  ModelStatus: { type: 'string', enum: modelStatuses },
} as const satisfies Record<string, Shape>;
