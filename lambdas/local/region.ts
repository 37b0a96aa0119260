import { AccessDeniedError, NotFoundError } from '../contract/errors.ts';
import type { OperationName } from '../contract/operations.ts';
import { parseArn } from '../domain/arns.ts';
import type { Clock } from '../domain/ports.ts';
import type { RequestHead } from '../http/node-http.ts';
import type { Caller } from '../http/pipeline.ts';
import { localUrls } from './s3/urls.ts';

/**
 * The region that a request is signed for, where it is signed. A host without keys checks no signature, but a
 * client that is set to another region means another region's things, and must not meet this one's.
 */
const regionOf = ({ headers }: RequestHead): string | undefined =>
  /Credential=[^/,\s]+\/\d{8}\/([^/,\s]+)\//.exec(headers['authorization'] ?? '')?.[1];

/**
 * What a request for another region finds on a host without keys: nothing, as in a region where nobody has
 * made anything.
 * @throws NotFoundError for what the path names; AccessDeniedError for what would make something
 */
export function requireRegion(
  head: RequestHead,
  operation: OperationName,
  labels: Readonly<Record<string, string>>,
  home: string,
): void {
  const region = regionOf(head);
  if (region === undefined || region === home) return;
  const where = `This host serves ${home}, and the request is signed for ${region}.`;
  if (operation === 'CreateProject')
    throw new AccessDeniedError(`Nothing can be made in ${region}. ${where}`);
  const { projectName, resourceArn } = labels;
  const project =
    projectName ?? (resourceArn === undefined ? undefined : (parseArn(resourceArn)?.project ?? resourceArn));
  if (project !== undefined)
    throw new NotFoundError('PROJECT', project, `Project ${project} was not found in ${region}. ${where}`);
}

/** Who calls a host without keys: anybody on its machine. */
export function local(head: RequestHead, home: string, clock: Clock): Caller {
  const region = regionOf(head);
  return region === undefined || region === home
    ? { name: 'local', urls: localUrls(head.headers['host'] ?? '', undefined, { region: home, clock }) }
    : { name: 'local', reach: { projects: [], buckets: [] } };
}
