import { GatewayResponse, ResponseType, type IRestApi, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { errorStatus, type ErrorName } from '../../lambdas/contract/errors.ts';

interface Reply {
  readonly type: ResponseType;
  readonly error: ErrorName;
  /** A sentence, or the gateway's own, which comes with its quotes. */
  readonly message: string | typeof ownWords;
  readonly retryAfter?: number;
}

const ownWords = Symbol("the gateway's own words");

/**
 * What the gateway refuses by itself, told as the service would tell it. An unsigned call and an unknown path
 * look alike to it, and stay 403.
 */
const replies: readonly Reply[] = [
  { type: ResponseType.ACCESS_DENIED, error: 'AccessDeniedException', message: ownWords },
  {
    type: ResponseType.MISSING_AUTHENTICATION_TOKEN,
    error: 'AccessDeniedException',
    message: 'The request is not signed, or no operation of this service has this method and path.',
  },
  { type: ResponseType.INVALID_SIGNATURE, error: 'AccessDeniedException', message: ownWords },
  {
    type: ResponseType.EXPIRED_TOKEN,
    error: 'AccessDeniedException',
    message: 'The security token of the request has expired.',
  },
  {
    type: ResponseType.INVALID_API_KEY,
    error: 'AccessDeniedException',
    message: 'The API key of the request is not valid.',
  },
  {
    type: ResponseType.UNAUTHORIZED,
    error: 'AccessDeniedException',
    message: 'The request is not authorized.',
  },
  {
    type: ResponseType.WAF_FILTERED,
    error: 'AccessDeniedException',
    message: 'The request was refused by a firewall in front of this service.',
  },
  {
    type: ResponseType.BAD_REQUEST_BODY,
    error: 'ValidationException',
    message: 'The body of the request is not valid.',
  },
  {
    type: ResponseType.BAD_REQUEST_PARAMETERS,
    error: 'ValidationException',
    message: 'The parameters of the request are not valid.',
  },
  {
    type: ResponseType.REQUEST_TOO_LARGE,
    error: 'ValidationException',
    message:
      'The request is too large: this deployment takes bodies of up to 4400000 bytes. Compress or shrink ' +
      'the picture.',
  },
  {
    type: ResponseType.UNSUPPORTED_MEDIA_TYPE,
    error: 'ValidationException',
    message: 'The Content-Type of the request is not supported.',
  },
  {
    type: ResponseType.RESOURCE_NOT_FOUND,
    error: 'ResourceNotFoundException',
    message: 'No operation of this service has this method and path.',
  },
  {
    type: ResponseType.THROTTLED,
    error: 'ThrottlingException',
    message: 'Too many requests. Try your call again.',
    retryAfter: 1,
  },
  {
    type: ResponseType.QUOTA_EXCEEDED,
    error: 'ThrottlingException',
    message: 'Too many requests. Try your call again later.',
    retryAfter: 60,
  },
  ...[
    'API_CONFIGURATION_ERROR',
    'AUTHORIZER_CONFIGURATION_ERROR',
    'AUTHORIZER_FAILURE',
    'INTEGRATION_FAILURE',
    'INTEGRATION_TIMEOUT',
  ].map(
    (type) =>
      ({
        type: ResponseType.of(type),
        error: 'InternalServerException',
        message: 'Crowsnest could not process the request. Try your call again.',
      }) as const,
  ),
  { type: ResponseType.DEFAULT_4XX, error: 'ValidationException', message: ownWords },
  {
    type: ResponseType.DEFAULT_5XX,
    error: 'InternalServerException',
    message: 'Crowsnest could not process the request. Try your call again.',
  },
];

/**
 * A refusal as both SDK families read it; see `refusal` in the pipeline. The templates know no logic, only
 * substitution.
 */
export class GatewayResponses extends Construct {
  constructor(scope: Construct, id: string, restApi: RestApi) {
    super(scope, id);
    for (const { type, error, message, retryAfter } of replies) {
      const text = message === ownWords ? '$context.error.messageString' : JSON.stringify(message);
      new GatewayResponse(this, type.responseType, {
        restApi: restApi as IRestApi, // the two differ in an optional member only
        type,
        statusCode: String(errorStatus[error]),
        // The gateway itself sends the id of the request and, by the template, the type of the content.
        responseHeaders: {
          'x-amzn-ErrorType': `'${error}'`,
          ...(retryAfter !== undefined && { 'Retry-After': `'${retryAfter}'` }),
        },
        templates: {
          'application/json': `{"__type":"com.amazonaws.lookoutvision#${error}","Message":${text}}`,
        },
      });
    }
  }
}
