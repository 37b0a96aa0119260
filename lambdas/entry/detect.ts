import { serve } from '../http/api-gateway.ts';
import { detectHandlers } from '../operations/handlers.ts';
import { readEnvironment, writeLine } from '../runtime/aws.ts';
import { detectContext } from '../runtime/aws-detect.ts';
import { measured } from '../runtime/measured.ts';

const context = detectContext(readEnvironment('detect'));

export const handler = measured(
  context.settings.stage,
  serve({ handlers: detectHandlers, context }, context.log),
  writeLine,
);
