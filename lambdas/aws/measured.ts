import { operationNames, operations, type OperationName } from '../contract/operations.ts';
import type { Around, ProxyEvent, ProxyResult } from '../http/api-gateway.ts';
import { metricLine, type Dimensions, type Metrics } from './metrics.ts';

const byResource = new Map<string, OperationName>(
  operationNames.map((name) => [`${operations[name].method} ${operations[name].path}`, name]),
);

/** Writes down how each request went, whoever answered it. */
export function measured(stage: string, write: (line: string) => void, now: () => number = Date.now): Around {
  const startedAt = new WeakMap<ProxyEvent, number>();
  const end: NonNullable<Around['after']> = ({ event, response }) => {
    const operation = byResource.get(`${event.httpMethod} ${event.resource.replace('+}', '}')}`);
    if (operation === undefined || response == null) return;
    const endedAt = now();
    const metrics = metricsOf(operation, response, endedAt - (startedAt.get(event) ?? endedAt));
    write(metricLine(stage, metrics, dimensionsOf(operation, event, response), endedAt));
  };
  return {
    before: ({ event }) => void startedAt.set(event, now()),
    after: end,
    onError: end,
  };
}

/**
 * A caller's mistake is no error of the service's, as in the original; a picture that is refused is an
 * invalid image.
 */
function metricsOf(operation: OperationName, { statusCode, body }: ProxyResult, time: number): Metrics {
  const detect = operation === 'DetectAnomalies';
  if (statusCode < 300) {
    return {
      SuccessfulRequestCount: 1,
      ErrorCount: 0,
      ThrottledCount: 0,
      Time: time,
      // Read off the text: the answer may carry megabytes of mask.
      ...(detect && {
        ProcessedImageCount: 1,
        InvalidImageCount: 0,
        DetectedAnomalyCount: body.includes('"IsAnomalous":true') ? 1 : 0,
      }),
    };
  }
  return {
    ErrorCount: statusCode >= 500 ? 1 : 0,
    ThrottledCount: statusCode === 429 ? 1 : 0,
    Time: time,
    ...(detect && { InvalidImageCount: statusCode === 400 ? 1 : 0 }),
  };
}

/**
 * By operation, and by model where there is one for sure: a name that somebody made up must not become a
 * metric that somebody pays for.
 */
function dimensionsOf(
  operation: OperationName,
  { pathParameters }: ProxyEvent,
  { statusCode }: ProxyResult,
): Dimensions[] {
  const { projectName, modelVersion } = pathParameters ?? {};
  const known =
    operation === 'DetectAnomalies' &&
    ![400, 403, 404].includes(statusCode) &&
    projectName !== undefined &&
    modelVersion !== undefined;
  return [
    { Operation: operation },
    ...(known ? [{ ProjectName: projectName, ModelVersion: modelVersion }] : []),
  ];
}
