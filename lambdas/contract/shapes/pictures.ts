import type { Shape } from '../shape.ts';
import { project, token } from './members.ts';

const expires = { ExpiresIn: { shape: 'UrlSeconds' } } as const;

/** Of the extensions that bring pictures to and from S3. */
export const pictureShapes = {
  CreateDownloadUrlsRequest: {
    type: 'structure',
    members: { ...project, ...expires, Pictures: { shape: 'PictureLocationList', required: true } },
  },
  CreateDownloadUrlsResponse: {
    type: 'structure',
    members: { Urls: { shape: 'DownloadUrlList' }, ExpiresAt: { shape: 'Timestamp' } },
  },
  CreateUploadUrlsRequest: {
    type: 'structure',
    members: { ...project, ...expires, Pictures: { shape: 'PictureLocationList', required: true } },
  },
  CreateUploadUrlsResponse: {
    type: 'structure',
    members: { Urls: { shape: 'UploadUrlList' }, ExpiresAt: { shape: 'Timestamp' } },
  },
  ImportDatasetRequest: {
    type: 'structure',
    members: {
      ...project,
      ...token,
      DatasetType: { shape: 'DatasetType', required: true },
      Folders: { shape: 'PictureFolderList', required: true },
      Manifest: { shape: 'ManifestLocation' },
    },
  },

  PictureLocation: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName', required: true },
      Key: { shape: 'PictureKey', required: true },
    },
  },
  DownloadUrl: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName' },
      Key: { shape: 'PictureKey' },
      Url: { shape: 'Text' },
    },
  },
  UploadUrl: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName' },
      Key: { shape: 'PictureKey' },
      Url: { shape: 'Text' },
      Headers: { shape: 'HttpHeaderList' },
    },
  },
  HttpHeader: {
    type: 'structure',
    members: { Name: { shape: 'Text' }, Value: { shape: 'Text' } },
  },
  PictureFolder: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName', required: true },
      Prefix: { shape: 'FolderPrefix', required: true },
      Class: { shape: 'AnomalyClass' },
    },
  },
  ManifestLocation: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName', required: true },
      Key: { shape: 'S3ObjectKey', required: true },
    },
  },
  PictureLocationList: { type: 'list', of: 'PictureLocation', min: 1, max: 100 },
  PictureFolderList: { type: 'list', of: 'PictureFolder', min: 1, max: 20 },
  DownloadUrlList: { type: 'list', of: 'DownloadUrl' },
  UploadUrlList: { type: 'list', of: 'UploadUrl' },
  HttpHeaderList: { type: 'list', of: 'HttpHeader' },
  AnomalyClass: { type: 'string', enum: ['normal', 'anomaly'] },
  FolderPrefix: { type: 'string', min: 0, max: 1024 },
  /** Whatever else is in a bucket, models and manifests, has another ending. */
  PictureKey: {
    type: 'string',
    min: 5,
    max: 1024,
    pattern: '[^/].*\\.([jJ][pP][eE]?[gG]|[pP][nN][gG])',
  },
  UrlSeconds: { type: 'integer', min: 1, max: 3600 },
} as const satisfies Record<string, Shape>;
