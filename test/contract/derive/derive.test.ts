import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { botocoreFiles } from '../../../lambdas/contract/derive/botocore.ts';
import { endpointRules } from '../../../lambdas/contract/derive/endpoint-rules.ts';
import { errorMembers } from '../../../lambdas/contract/derive/error-shapes.ts';
import { derivedFiles } from '../../../lambdas/contract/derive/files.ts';
import { openApi } from '../../../lambdas/contract/derive/openapi.ts';
import { paginators } from '../../../lambdas/contract/derive/paginators.ts';
import { serviceModel } from '../../../lambdas/contract/derive/service-model.ts';
import { waiters } from '../../../lambdas/contract/derive/waiters.ts';
import {
  AccessDeniedError,
  ConflictError,
  InternalError,
  NotFoundError,
  QuotaError,
  ThrottlingError,
  ValidationError,
  type ServiceError,
} from '../../../lambdas/contract/errors.ts';
import { extensionOperations } from '../../helpers/published-client.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test.each(derivedFiles())(
  '$path is what the contract says: npm run derive writes it anew',
  ({ path, text }) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  },
);

interface Model {
  readonly metadata: Record<string, unknown>;
  readonly operations: Record<string, Record<string, unknown>>;
  readonly shapes: Record<
    string,
    { readonly members?: Record<string, unknown>; readonly [trait: string]: unknown }
  >;
}

describe('the service model', () => {
  const model = serviceModel() as unknown as Model;

  test('describes StartModel as clients know it', () => {
    expect(model.operations['StartModel']).toEqual({
      name: 'StartModel',
      http: {
        method: 'POST',
        requestUri: '/2020-11-20/projects/{projectName}/models/{modelVersion}/start',
        responseCode: 202,
      },
      input: { shape: 'StartModelRequest' },
      output: { shape: 'StartModelResponse' },
      errors: [
        'AccessDeniedException',
        'ConflictException',
        'InternalServerException',
        'ResourceNotFoundException',
        'ServiceQuotaExceededException',
        'ThrottlingException',
        'ValidationException',
      ].map((shape) => ({ shape })),
    });
    expect(model.shapes['StartModelRequest']).toEqual({
      type: 'structure',
      required: ['ProjectName', 'ModelVersion', 'MinInferenceUnits'],
      members: {
        ProjectName: { shape: 'ProjectName', location: 'uri', locationName: 'projectName' },
        ModelVersion: { shape: 'ModelVersion', location: 'uri', locationName: 'modelVersion' },
        ClientToken: {
          shape: 'ClientToken',
          idempotencyToken: true,
          location: 'header',
          locationName: 'X-Amzn-Client-Token',
        },
        MinInferenceUnits: { shape: 'InferenceUnits' },
        MaxInferenceUnits: { shape: 'InferenceUnits' },
      },
    });
  });

  test('marks the extensions, and nothing else', () => {
    expect(
      Object.values(model.operations)
        .filter((operation) => 'x-crowsnest-extension' in operation)
        .map(({ name }) => name),
    ).toEqual(extensionOperations);
  });

  test('signs as told', () => {
    expect(model.metadata['signingName']).toBe('lookoutvision');
    expect((serviceModel({ signingName: 'execute-api' }) as unknown as Model).metadata['signingName']).toBe(
      'execute-api',
    );
  });

  test('gives every error the members that the service sends', () => {
    const sent: ServiceError[] = [
      new ValidationError('m'),
      new AccessDeniedError('m'),
      new InternalError(),
      new ThrottlingError('m'),
      new ConflictError('MODEL', 'p/1', 'm'),
      new NotFoundError('MODEL', 'p/1', 'm'),
      new QuotaError('L-1', 'MODEL', 'p/1', 'm'),
    ];
    for (const error of sent) {
      const described = errorMembers[error.name];
      const carried = [
        'Message',
        ...Object.keys(error.members()),
        ...(error.retryAfter === undefined ? [] : ['RetryAfterSeconds']),
      ];
      expect(carried.filter((member) => !(member in described))).toEqual([]);
      expect(
        Object.keys(described).filter((member) => described[member]?.required && !carried.includes(member)),
      ).toEqual([]);
    }
    expect(sent.map(({ name }) => name).sort()).toEqual(Object.keys(errorMembers).sort());
  });
});

test('paginators', () => {
  expect(paginators().pagination['ListModels']).toEqual({
    input_token: 'NextToken',
    output_token: 'NextToken',
    limit_key: 'MaxResults',
    result_key: 'Models',
  });
  expect(Object.keys(paginators().pagination)).toEqual(
    expect.arrayContaining(['ListModels', 'ListProjects']),
  );
});

test('a wait for hosting ends well, goes on, or fails, whatever the status', () => {
  const { ModelHosted } = waiters().waiters;
  const by = (state: string): string[] =>
    (ModelHosted?.acceptors ?? [])
      .filter((acceptor) => acceptor.state === state)
      .map(({ expected }) => expected);
  expect(by('success')).toEqual(['HOSTED']);
  expect(by('failure').sort()).toEqual([
    'DELETING',
    'HOSTING_FAILED',
    'STOPPING_HOSTING',
    'TRAINED',
    'TRAINING',
    'TRAINING_FAILED',
  ]);
});

test('endpoint rules name the deployment and what it wants signed', () => {
  const rules = endpointRules({ endpoint: 'https://l4v.example.com/prod', signingName: 'execute-api' })[
    'rules'
  ];
  expect(rules).toEqual([
    expect.objectContaining({
      endpoint: {
        url: { ref: 'Endpoint' },
        properties: { authSchemes: [{ name: 'sigv4', signingName: 'execute-api' }] },
        headers: {},
      },
    }),
    expect.objectContaining({
      endpoint: {
        url: 'https://l4v.example.com/prod',
        properties: { authSchemes: [{ name: 'sigv4', signingName: 'execute-api' }] },
        headers: {},
      },
    }),
  ]);
  expect(JSON.stringify(endpointRules())).toContain('AWS_ENDPOINT_URL_LOOKOUTVISION');
});

test('a description for a deployment differs from the committed one in nothing but endpoint and signing name', () => {
  const given = botocoreFiles({ endpoint: 'https://l4v.example.com', signingName: 'execute-api' });
  const changed = given
    .filter(({ text }, index) => text !== botocoreFiles()[index]?.text)
    .map(({ path }) => path.split('/').at(-1));
  expect(changed).toEqual(['service-2.json', 'endpoint-rule-set-1.json']);
});

test('every reference of the OpenAPI document leads somewhere, and a picture is a body of its own', () => {
  const document = openApi();
  const text = JSON.stringify(document);
  const components = document['components'] as Record<string, Record<string, unknown>>;
  const dead = [...text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)].filter(
    ([, kind = '', name = '']) => components[kind]?.[name] === undefined,
  );
  expect(dead).toEqual([]);
  const paths = document['paths'] as Record<string, Record<string, unknown>>;
  expect(paths['/2020-11-20/projects/{projectName}/models/{modelVersion}/detect']?.['post']).toMatchObject({
    operationId: 'DetectAnomalies',
    parameters: [
      { name: 'projectName', in: 'path', required: true },
      { name: 'modelVersion', in: 'path', required: true },
    ],
    requestBody: { required: true, content: { 'image/jpeg': {}, 'image/png': {} } },
  });
  expect(components['schemas']?.['ModelVersion']).toEqual({
    type: 'string',
    minLength: 1,
    maxLength: 10,
    pattern: '^(?:([1-9][0-9]*|latest))$',
  });
});
