import { InvokeCommand, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { PictureRefused, type PictureType, type Verdict } from '../../domain/verdict.ts';
import { EngineBusy, NotHosted, type DeploymentRef, type HostingEngine } from '../engine.ts';
import { nameOf } from '../names.ts';
import { Suspects, type Tried } from '../suspects.ts';
import { unitVersion, type LambdaDetectorOptions } from './options.ts';
import { errorOf, type UnitAnswer, type UnitEvent } from './unit-protocol.ts';

/** What an invocation carries at most, in bytes of JSON, and so of a picture. (Lambda quotas) */
const largestPicture = Math.floor(((6 * 1024 * 1024 - 1024) * 3) / 4);

/** A unit that broke, as opposed to one that answered with an error. */
class UnitLost extends Error {
  /** Whether Lambda says so; else it says nothing. */
  readonly answered: boolean;

  constructor(message: string, { answered = true } = {}) {
    super(message);
    this.answered = answered;
  }
}

/** What a verdict may take longer than a unit has for it, in milliseconds. */
const allowance = 5000;

/**
 * As much of the engine as the function behind DetectAnomalies needs: it can ask units, and make or remove
 * nothing. Pictures that units were lost over are remembered in this process.
 */
export function createLambdaDetector(options: LambdaDetectorOptions): Pick<HostingEngine, 'detect'> {
  const suspects = new Suspects(options.log);
  return {
    detect: (deployment, picture, type) => detect(options, suspects, deployment, picture, type),
  };
}

/** @throws PictureRefused, EngineBusy, NotHosted, or whatever else went wrong on the way */
async function detect(
  options: LambdaDetectorOptions,
  suspects: Suspects,
  { id }: DeploymentRef,
  picture: Uint8Array,
  type: PictureType,
): Promise<Verdict> {
  if (picture.length > largestPicture) {
    throw new PictureRefused(
      `The picture has ${picture.length} bytes; an inference unit takes at most ${largestPicture}. Send ` +
        'a smaller or more compressed picture.',
    );
  }
  const { clock, unitTimeout, answerWithin = unitTimeout + allowance } = options;
  const signal = AbortSignal.timeout(answerWithin);
  const began = clock.now();
  const tried: Tried = { picture, suspect: suspects.check(picture, began) };
  const wasSuspect = tried.suspect;
  for (;;) {
    try {
      const verdict = await ask(options, id, picture, type, signal, answerWithin);
      if (wasSuspect) suspects.acquit(picture);
      return verdict;
    } catch (error) {
      if (!(error instanceof UnitLost)) throw error;
      // A unit judges one picture at a time, so that the one it had is the one to blame. Without an answer
      // nobody knows whether a unit had it: it is remembered, and not refused.
      const { message: reason, answered } = error;
      const late = clock.now() - began + unitTimeout > answerWithin;
      const loss = { reason, blamed: true, alone: answered, late: late || !answered };
      const told = suspects.afterLoss(tried, loss, clock.now());
      if (told !== undefined) throw told;
    }
  }
}

async function ask(
  { lambda, stage }: LambdaDetectorOptions,
  id: string,
  picture: Uint8Array,
  type: PictureType,
  signal: AbortSignal,
  within: number,
): Promise<Verdict> {
  const event: UnitEvent = { kind: 'judge', type, picture: Buffer.from(picture).toString('base64') };
  let output: InvokeCommandOutput;
  try {
    output = await lambda.send(
      new InvokeCommand({
        FunctionName: nameOf({ stage }, id),
        Qualifier: unitVersion,
        Payload: Buffer.from(JSON.stringify(event)),
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    // Asked of the signal, not of the error, whose name is the transport's business.
    if (signal.aborted)
      throw new UnitLost(`it did not answer within ${within / 1000} seconds`, { answered: false });
    throw translated(error);
  }
  if (output.FunctionError !== undefined) throw failureOf(output.Payload);
  return verdictOf(JSON.parse(Buffer.from(output.Payload ?? []).toString()) as UnitAnswer);
}

function verdictOf(answer: UnitAnswer): Verdict {
  switch (answer.kind) {
    case 'refused':
      throw new PictureRefused(answer.rule);
    case 'verdict': {
      const { mask, ...verdict } = answer.verdict;
      return { ...verdict, ...(mask !== undefined && { mask: new Uint8Array(Buffer.from(mask, 'base64')) }) };
    }
    case 'warm':
      throw new Error('The unit answered a picture as if it were asked to warm up.');
  }
}

/** Lambda has no environment free, or none yet. (Lambda, Invoke, Errors) */
const busy = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'ResourceConflictException',
  'ResourceNotReadyException',
  'EC2ThrottledException',
  'ServiceUnavailableException',
]);

/** Clients tell "your picture", "later" and "not at all" apart; everything else stays what it is. */
function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'ResourceNotFoundException')
    return new NotHosted('The function of the model is not there.');
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata
    ?.httpStatusCode;
  return busy.has(error.name) || status === 429 || status === 503
    ? new EngineBusy('The model is asked for more verdicts than its units can give. Try again.')
    : error;
}

/** The process ended, ran out of memory or time; or the runtime could not be reached. */
const lost = /^(Runtime\.(ExitError|OutOfMemory|Unknown|ExitedWithoutError)|Sandbox\.\w+|Extension\.Crash)$/;

function failureOf(payload: Uint8Array | undefined): Error {
  const { type, message } = errorOf(payload);
  // An older wording of a timeout has no type.
  if (/Task timed out after/.test(message) || type === 'Sandbox.Timedout')
    return new UnitLost('it did not answer in time');
  if (lost.test(type)) return new UnitLost('it ended while it judged the picture');
  return new Error(`The inference unit failed: ${type}: ${message}`);
}
