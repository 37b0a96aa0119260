import { ServiceError } from './service-error.ts';
import type { World } from './world.ts';

interface ContainerAnswer {
  readonly status?: number;
  readonly body: string | Uint8Array;
}

/** What the model's container answers to a picture. */
export type Container = (picture: Uint8Array, type: string) => ContainerAnswer;

const serving = ['InService', 'Updating', 'SystemUpdating', 'RollingBack', 'UpdateRollbackFailed'];

/** Passes a picture on to the container, and the container's errors back in the service's clothes. */
export function invoke(
  world: World,
  container: Container,
  name: string,
  picture: Uint8Array,
  type: string,
): string | Uint8Array {
  const endpoint = world.endpoints.get(name);
  if (endpoint === undefined || !serving.includes(endpoint.status))
    throw new ServiceError('ValidationError', `Endpoint ${name} of account ${world.account} not found.`);
  if (picture.length > 6_291_456)
    throw new ServiceError('ValidationError', 'The request body is too large.', 413);
  const { status = 200, body } = container(picture, type);
  if (status < 400 && status !== 0) return body;
  const original = typeof body === 'string' ? body : Buffer.from(body).toString();
  const side = status >= 400 && status < 500 ? 'client' : 'server';
  throw new ServiceError(
    'ModelError',
    `Received ${side} error (${status}) from primary with message "${original}". See the log.`,
    424,
    {
      OriginalStatusCode: status,
      OriginalMessage: original,
      LogStreamArn: `arn:aws:logs:${world.region}:${world.account}:log-group:/aws/sagemaker/Endpoints/${name}`,
    },
  );
}
