import {
  InvokeEndpointCommand,
  ModelError,
  type InvokeEndpointCommandOutput,
} from '@aws-sdk/client-sagemaker-runtime';
import { EngineBusy, NotHosted, type DeploymentRef, type HostingEngine } from '../../engine.ts';
import { PictureRefused, type PictureType, type Verdict } from '../../../domain/verdict.ts';
import { readAnswer } from './answers.ts';
import { nameOf } from './names.ts';
import type { SageMakerEngineOptions } from './options.ts';

type DetectOptions = Pick<SageMakerEngineOptions, 'stage' | 'runtime' | 'answerWithin'>;

/**
 * As much of the engine as the function behind DetectAnomalies needs: no client that can make or remove
 * anything comes with it.
 */
export const createSageMakerDetector = (options: DetectOptions): Pick<HostingEngine, 'detect'> => ({
  detect: (deployment, picture, type) => detect(options, deployment, picture, type),
});

/** What InvokeEndpoint carries at most, in bytes. (SageMaker Runtime's service description) */
const largestPicture = 6_291_456;

/** @throws PictureRefused, EngineBusy, NotHosted, UnknownAnswer, or whatever else went wrong on the way */
export async function detect(
  options: DetectOptions,
  { id }: DeploymentRef,
  picture: Uint8Array,
  type: PictureType,
): Promise<Verdict> {
  if (picture.length > largestPicture) {
    throw new PictureRefused(
      `The picture has ${picture.length} bytes; a SageMaker endpoint takes at most ${largestPicture}. ` +
        'Send a smaller or more compressed picture.',
    );
  }
  const within = options.answerWithin ?? 25_000;
  const signal = AbortSignal.timeout(within);
  let answer: InvokeEndpointCommandOutput;
  try {
    answer = await options.runtime.send(
      new InvokeEndpointCommand({
        EndpointName: nameOf(options, id),
        Body: picture,
        ContentType: type,
        Accept: 'application/json',
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    // Asked of the signal, not of the error, whose name is the transport's business.
    if (signal.aborted) {
      throw new EngineBusy(
        `The model did not answer within ${within / 1000} seconds. Try again, or start it with more ` +
          'inference units.',
        5,
      );
    }
    throw translated(error);
  }
  return readAnswer(answer.Body);
}

const throttled = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'ModelNotReadyException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]);

/**
 * Clients tell "your picture", "later" and "not at all" apart; everything else is a failure of our own and
 * stays what it is.
 */
function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof ModelError) return fromContainer(error);
  if (error.name === 'ValidationError' && /^Endpoint \S+ of account \S+ not found\.?$/.test(error.message)) {
    return new NotHosted('The endpoint of the model is not there.');
  }
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata
    ?.httpStatusCode;
  if (throttled.has(error.name) || status === 429 || status === 503) {
    return new EngineBusy('The model is asked for more verdicts than its units can give. Try again.');
  }
  return error;
}

/**
 * The container answered with an error of its own: a 4xx is about the picture, unless it says that it is
 * busy.
 */
function fromContainer(error: ModelError): Error {
  const { OriginalStatusCode: status = 0, OriginalMessage: message } = error;
  if (status === 408 || status === 429 || status === 503)
    return new EngineBusy('The model is busy. Try again.');
  if (status >= 400 && status < 500)
    return new PictureRefused(`The model refuses the picture: ${message ?? error.message}`.slice(0, 500));
  return error;
}
