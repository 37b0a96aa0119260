import { serve } from '../http/api-gateway.ts';
import { writeHandlers } from '../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../runtime/aws.ts';
import { measured } from '../runtime/measured.ts';
import { stepFunctions } from '../runtime/step-functions.ts';

const env = readEnvironment('write');
const context = { ...base(env), runner: stepFunctions(env) };

export const handler = measured(
  context.settings.stage,
  serve({ handlers: writeHandlers, context }, context.log),
  writeLine,
);
