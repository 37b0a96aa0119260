import { identity, type Deployment } from './identity.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * `endpoint-rule-set-1.json`: an endpoint that the caller gives wins; else the deployment's, if the
 * description was made for one; else there is nothing to call, and the SDK says so. A signing name is stated
 * here too: newer SDKs believe the rules before the service model.
 */
export function endpointRules({ endpoint, signingName = identity.signingName }: Deployment = {}): Json {
  const properties = { authSchemes: [{ name: 'sigv4', signingName }] };
  return {
    version: '1.0',
    parameters: {
      Region: {
        builtIn: 'AWS::Region',
        required: false,
        documentation: 'Part of every signature.',
        type: 'String',
      },
      Endpoint: {
        builtIn: 'SDK::Endpoint',
        required: false,
        documentation: 'The deployment to call.',
        type: 'String',
      },
    },
    rules: [
      {
        conditions: [{ fn: 'isSet', argv: [{ ref: 'Endpoint' }] }],
        endpoint: { url: { ref: 'Endpoint' }, properties, headers: {} },
        type: 'endpoint',
      },
      endpoint === undefined
        ? {
            conditions: [],
            error:
              `Crowsnest has no public endpoint. Set AWS_ENDPOINT_URL_${identity.serviceId.toUpperCase()}, ` +
              'or endpoint_url, to your deployment.',
            type: 'error',
          }
        : { conditions: [], endpoint: { url: endpoint, properties, headers: {} }, type: 'endpoint' },
    ],
  };
}
