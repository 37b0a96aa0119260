import {
  createBucket,
  deleteBucket,
  deleteObjects,
  getLocation,
  getVersioning,
  headBucket,
  listBuckets,
  listObjects,
} from './bucket-calls.ts';
import type { S3Answer, S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import { copyObject, deleteObject, getObject, putObject } from './object-calls.ts';
import {
  abortUpload,
  completeUpload,
  copyPart,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from './upload-calls.ts';

/** What a bucket or an object has in S3 beside its bytes, and a folder has not. */
const unsupported = [
  'accelerate',
  'acl',
  'analytics',
  'annotation',
  'attributes',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versions',
  'website',
];

/**
 * Serves a call:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html.
 * @throws S3Error, LocationRefused
 */
export async function route(call: S3Call): Promise<S3Answer> {
  const { query, bucket, key, method } = call.request;
  const other = unsupported.find((name) => query.has(name));
  if (other !== undefined)
    throw new S3Error('NotImplemented', `This host's buckets are folders, and have no ${other}.`);
  const serve =
    bucket === ''
      ? { GET: listBuckets }[method]
      : key === ''
        ? ofBucket(query)[method]
        : ofObject(call, query)[method];
  if (serve === undefined)
    throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  return serve(call);
}

type Serve = (call: S3Call) => S3Answer | Promise<S3Answer>;
type Methods = Readonly<Record<string, Serve>>;

function ofBucket(query: ReadonlyMap<string, string>): Methods {
  if (query.has('uploads')) return { GET: listUploads };
  if (query.has('location')) return { GET: getLocation };
  if (query.has('versioning')) return { GET: getVersioning };
  if (query.has('delete')) return { POST: deleteObjects };
  return { GET: listObjects, PUT: createBucket, HEAD: headBucket, DELETE: deleteBucket };
}

function ofObject({ request: { headers } }: S3Call, query: ReadonlyMap<string, string>): Methods {
  const source = headers['x-amz-copy-source'];
  if (query.has('uploads')) return { POST: createUpload };
  if (query.has('uploadId'))
    return {
      GET: listParts,
      PUT: source === undefined ? uploadPart : (call) => copyPart(call, source),
      POST: completeUpload,
      DELETE: abortUpload,
    };
  return {
    GET: getObject,
    HEAD: getObject,
    PUT: source === undefined ? putObject : (call) => copyObject(call, source),
    DELETE: deleteObject,
  };
}
