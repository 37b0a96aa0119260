/**
 * Who the service is to a client: what names its signature, its settings and its folder of descriptions.
 * Facts of the published service.
 */
export const identity = {
  apiVersion: '2020-11-20',
  /** Also the folder of its description, and the command of the AWS CLI. */
  endpointPrefix: 'lookoutvision',
  /** Names the setting: AWS_ENDPOINT_URL_LOOKOUTVISION. */
  serviceId: 'LookoutVision',
  signingName: 'lookoutvision',
  namespace: 'com.amazonaws.lookoutvision',
  fullName: 'Crowsnest, with the API of Amazon Lookout for Vision',
} as const;

/** What a description may say of one deployment, so that callers need not. */
export interface Deployment {
  /** The URL that clients call when nobody tells them another. */
  readonly endpoint?: string;
  /** `execute-api` behind the IAM check of API Gateway. */
  readonly signingName?: string;
}

/** How a description marks what the original service did not have. */
export const extensionMark = 'x-crowsnest-extension';
export const extensionNote =
  'An extension of Crowsnest: the original service did not have this operation, and a deployment may ' +
  'switch it off.';
