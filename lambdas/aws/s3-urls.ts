import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock, ObjectUrls } from '../domain/ports.ts';
import { encodedPath } from '../domain/uri-encoding.ts';

type S3 = Pick<S3Client, 'send' | 'config'>;

/**
 * Presigned URLs with the rights of this function's role, which end with its session at the latest:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html.
 */
export function s3Urls(
  clock: Clock,
  client: S3 = new S3Client({ followRegionRedirects: true }),
  endpoint: string | undefined = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'],
): ObjectUrls {
  const regions = new Map<string, Promise<string>>();
  // A signature is for a region, and S3 redirects nobody's presigned request to another.
  const regionOf = (bucket: string): Promise<string> => {
    const known =
      regions.get(bucket) ??
      client.send(new HeadBucketCommand({ Bucket: bucket })).then(
        ({ BucketRegion }) => BucketRegion ?? client.config.region(),
        () => client.config.region(), // what is wrong with the bucket, whoever uses the URL is told by S3
      );
    regions.set(bucket, known);
    return known;
  };
  return {
    async presign({ method, bucket, key, seconds, headers = {} }) {
      const region = await regionOf(bucket);
      const { url } = client.config.endpointProvider({
        Bucket: bucket,
        Region: region,
        ...(endpoint !== undefined && { Endpoint: endpoint }),
      });
      const signer = new SignatureV4({
        credentials: client.config.credentials,
        region,
        service: 's3',
        sha256: Hash.bind(null, 'sha256'),
        uriEscapePath: false,
        applyChecksum: false,
      });
      const path = `${url.pathname === '/' ? '' : url.pathname}/${encodedPath(key)}`;
      const signed = await signer.presign(
        {
          method,
          protocol: url.protocol,
          hostname: url.hostname,
          ...(url.port !== '' && { port: Number(url.port) }),
          path,
          headers: { ...headers, host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
        },
        { expiresIn: seconds, signingDate: new Date(clock.now()) },
      );
      const query = Object.entries(signed.query ?? {}).map(
        ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
      );
      return `${url.origin}${path}?${query.join('&')}`;
    },
  };
}
